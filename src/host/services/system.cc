#include "host/services/system.h"

namespace twine::host {

wasi::Errno to_wasi(int linux_errno) {
  using enum wasi::Errno;
  switch (linux_errno) {
    case EACCES:
      return acces;
    case EAGAIN:
      return again;
    case EBADF:
      return badf;
    case EBUSY:
      return busy;
    case EDQUOT:
      return dquot;
    case EEXIST:
      return exist;
    case EFAULT:
      return fault;
    case EFBIG:
      return fbig;
    case EILSEQ:
      return ilseq;
    case EINTR:
      return intr;
    case EINVAL:
      return inval;
    case EISDIR:
      return isdir;
    case ELOOP:
      return loop;
    case EMFILE:
      return mfile;
    case EMLINK:
      return mlink;
    case ENAMETOOLONG:
      return nametoolong;
    case ENFILE:
      return nfile;
    case ENODEV:
      return nodev;
    case ENOENT:
      return noent;
    case ENOLCK:
      return nolck;
    case ENOMEM:
      return nomem;
    case ENOSPC:
      return nospc;
    case ENOSYS:
      return nosys;
    case ENOTDIR:
      return notdir;
    case ENOTEMPTY:
      return notempty;
    case ENOTSUP:
      return notsup;
    case ENOTTY:
      return notty;
    case ENXIO:
      return nxio;
    case EOVERFLOW:
      return overflow;
    case EPERM:
      return perm;
    case EPIPE:
      return pipe;
    case EROFS:
      return rofs;
    case ESPIPE:
      return spipe;
    case ESTALE:
      return stale;
    case ETIMEDOUT:
      return timedout;
    case ETXTBSY:
      return txtbsy;
    case EXDEV:
      return xdev;
    default:
      return io;
  }
}

}  // namespace twine::host
