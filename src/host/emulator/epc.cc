#include "host/emulator/epc.h"

#include <algorithm>
#include <csignal>
#include <map>
#include <mutex>
#include <utility>

#include "common/sgx/arch.h"

namespace twine::host::emulator {

namespace {

// SGX_NR_TO_SCAN of Linux's driver, and less where the EPC is so small that a batch would be most of it.
constexpr uint64_t kReclaimBatch = 16;

}  // namespace

Epc::Epc(uint64_t bytes, bool reclaim) : capacity_(bytes / sgx::kEpcPageSize), reclaims_(reclaim) {}

std::shared_ptr<Epc> Epc::of_machine(uint64_t bytes, bool reclaim) {
  static std::mutex mutex;
  static std::map<std::pair<uint64_t, bool>, std::weak_ptr<Epc>> machines;
  const std::lock_guard guard(mutex);
  std::weak_ptr<Epc>& known = machines[{bytes, reclaim}];
  std::shared_ptr<Epc> epc = known.lock();
  if (epc == nullptr) {
    epc = std::make_shared<Epc>(bytes, reclaim);
    known = epc;
  }
  return epc;
}

void Epc::join(EpcTenant& tenant) {
  tenant.next_ = tenants_;
  tenants_ = &tenant;
}

void Epc::leave(EpcTenant& tenant) {
  if (hand_ == &tenant) hand_ = tenant.next_;
  for (EpcTenant** link = &tenants_; *link != nullptr; link = &(*link)->next_) {
    if (*link != &tenant) continue;
    *link = tenant.next_;
    return;
  }
}

bool Epc::take() {
  if (in_use_ >= capacity_ && !(reclaims_ && reclaim())) return false;
  ++in_use_;
  return true;
}

bool Epc::reclaim() {
  const uint64_t batch = std::clamp<uint64_t>(capacity_ / 8, 1, kReclaimBatch);
  uint64_t freed = 0;
  // The hand may have to finish a round that it began, and make one in which it only takes marks away.
  for (int ends = 0; ends <= 2 && freed == 0;) {
    if (hand_ == nullptr) {
      hand_ = tenants_;
      ++ends;
      if (hand_ == nullptr) return false;
    }
    freed = hand_->evict(batch);
    if (freed < batch) hand_ = hand_->next_;
  }
  in_use_ -= freed;
  evictions_ += freed;
  return freed != 0;
}

void Epc::lose_power() {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  {
    const std::lock_guard guard(lock);
    for (EpcTenant* tenant = tenants_; tenant != nullptr; tenant = tenant->next_) tenant->lose();
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace twine::host::emulator
