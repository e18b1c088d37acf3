// The contract between compiled Wasm code and the runtime, as structs. docs/abi.md is its prose; read that
// first.
//
// Every offset here is compiled into guest code: changing one means a new kAbiVersion. Both code generators
// and the runtime take offsets from this file and from ContextLayout, never from numbers of their own.
#pragma once

#include <cstddef>
#include <cstdint>

namespace twine::abi {

inline constexpr uint32_t kAbiVersion = 1;

// Why guest code stopped. The value is the immediate of the trap instruction (ud1 with an 8-bit
// displacement).
enum class TrapKind : uint8_t {
  unreachable = 1,
  integer_divide_by_zero = 2,
  integer_overflow = 3,
  invalid_conversion_to_integer = 4,
  undefined_element = 5,      // table index beyond the table, in call_indirect
  uninitialized_element = 6,  // null reference called
  indirect_call_type_mismatch = 7,
  // The rest are faults, or raised by the runtime; only fuel_exhausted is a trap instruction too.
  out_of_bounds_memory_access = 16,
  call_stack_exhausted = 17,
  out_of_bounds_table_access = 18,
  interrupted = 19,
  fuel_exhausted = 20,
  memory_limit = 21,
  exit = 32,  // proc_exit: not a trap to the user; unwinds like one
};

// A slot of ThreadContext::values: wide enough for v128; i32 and f32 use the low 4 bytes, the rest of the
// slot is unspecified.
struct alignas(16) Value {
  uint64_t low;
  uint64_t high;
};

inline constexpr uint32_t kMaxValues =
    1024;  // >= the limit of 1,000 parameters or results of a function type

// One a thread that runs guest code. Offsets marked (code) are used by compiled code.
struct ThreadContext {
  uint64_t runtime_rsp;        //  0  (stubs) stack pointer of the runtime while the guest runs
  uint64_t guest_rsp;          //  8  (stubs) stack pointer of the guest while the runtime runs
  uint64_t interrupt;          // 16  (code)  non-zero: stop at the next check; reserved for --timeout
  int64_t fuel;                // 24  (code)  what is left to execute, in code that counts it; negative: stop
  uint64_t exception_tag;      // 32  (code)  reserved for the exception-handling proposal
  uint64_t exception_payload;  // 40  (code)  reserved likewise
  uint64_t activation;         // 48  (stubs) innermost invoke() of this thread, private to the runtime
  uint64_t guest_stack_low;    // 56  lowest mapped address of the guest stack
  uint64_t guest_stack_high;   // 64  its end
  uint64_t reserved[7];
  Value values[kMaxValues];  // 128 (code)  arguments and results of thunks; results past the first of every
                             // function
};
static_assert(offsetof(ThreadContext, values) == 128);

// A linear memory. `base` never changes; `size_bytes` only grows and is read and written atomically.
struct MemoryDescriptor {
  uint8_t* base;        // 0
  uint64_t size_bytes;  // 8
  uint64_t max_bytes;   // 16  what memory.grow may reach (module limit and --max-memory)
  uint32_t flags;       // 24  MemoryFlags
  uint32_t reserved;
};
enum MemoryFlags : uint32_t {
  kMemoryGuarded =
      1,  // 8 GiB reservation: an access needs no check. 0: every access is checked against size_bytes
  kMemoryShared = 2,
  kMemoryIndex64 = 4,
};

// What a funcref points to. A null funcref points to the runtime's null record, whose type_id matches no
// type, so that call_indirect needs one compare for both.
struct FunctionRecord {
  const void* code;       // 0   entry in the guest convention; for host functions a host thunk
  void* context;          // 8   goes into R13: InstanceContext*, or HostFunctionContext* for host functions
  uint32_t type_id;       // 16  engine-wide canonical type; kNullTypeId for the null record
  uint32_t index;         // 20  function index in its module, for names
  const void* tail_code;  // 24  reserved: entry in the tail-calling convention
};
static_assert(sizeof(FunctionRecord) == 32);
inline constexpr uint32_t kNullTypeId = 0xffff'ffff;

// A table. `elements` may move when the table grows: load it again after every call.
// funcref elements are FunctionRecord*, never 0; externref elements are opaque, 0 is null.
struct TableDescriptor {
  uint64_t* elements;  // 0
  uint32_t size;       // 8
  uint32_t max;        // 12
};

// Runtime entries. Compiled code calls them through InstanceContext::runtime with the System V convention and
// R13 = the caller's context; each is a stub that moves to the runtime stack and back. An entry that traps
// does not return.
enum class RuntimeEntry : uint32_t {
  host_call,    // void  (HostFunctionContext* in R13): arguments and results in ThreadContext::values
  memory_grow,  // i32   (u32 memory, u32 delta pages) → old size in pages or -1
  memory_copy,  // void  (u32 dst memory, u32 src memory, u32 dst, u32 src, u32 n)
  memory_fill,  // void  (u32 memory, u32 dst, u32 value, u32 n)
  memory_init,  // void  (u32 memory, u32 segment, u32 dst, u32 src, u32 n)
  data_drop,    // void  (u32 segment)
  table_get,    // u64   (u32 table, u32 index)
  table_set,    // void  (u32 table, u32 index, u64 reference)
  table_grow,   // i32   (u32 table, u64 reference, u32 delta) → old size or -1
  table_fill,   // void  (u32 table, u32 index, u64 reference, u32 n)
  table_copy,   // void  (u32 dst table, u32 src table, u32 dst, u32 src, u32 n)
  table_init,   // void  (u32 table, u32 segment, u32 dst, u32 src, u32 n)
  elem_drop,    // void  (u32 segment)
  interrupted,  // void  (): taken when ThreadContext::interrupt is set
  count,
};

// What R13 points to always begins with this, whoever is called.
struct ContextHeader {
  ThreadContext* thread;       // 0   valid while the instance is entered; one thread at a time
  const void* const* runtime;  // 8   RuntimeEntry → stub
};

// R13 inside a host thunk.
struct HostFunctionContext {
  ContextHeader header;
  const void* host_function;  // 16  private to the runtime
  void* instance;  // 24  the InstanceContext whose memory the function sees; private to the runtime
};

// One an instance. Arrays of variable length follow the fixed part; ContextLayout gives their offsets.
struct InstanceContext {
  ContextHeader header;                 // 0
  uint8_t* memory0_base;                // 16  copy of memories[0]->base; invariant
  MemoryDescriptor* memory0;            // 24  invariant
  const FunctionRecord* null_function;  // 32  invariant
  void* instance;                       // 40  private to the runtime
  uint64_t reserved[2];                 // 48
};
static_assert(sizeof(InstanceContext) == 64);

// An imported function as the importing instance calls it.
struct ImportedFunction {
  const void* code;
  void* context;
};

// Offsets of the arrays that follow InstanceContext, for a module with these counts.
//   imported_functions  ImportedFunction[imported function count]    invariant after instantiation
//   memories            MemoryDescriptor*[memory count]              invariant
//   tables              TableDescriptor*[table count]                invariant
//   globals             Value[global count]: a defined global's value, or, for an imported one, in `low` the address of
//                       the exporter's Value (invariant)
//   type_ids            u32[type count]: canonical ids               invariant
//   functions           FunctionRecord[function count], imports first: what ref.func and element segments point to
struct ContextLayout {
  uint64_t imported_functions;
  uint64_t memories;
  uint64_t tables;
  uint64_t globals;
  uint64_t type_ids;
  uint64_t functions;
  uint64_t size;

  struct Counts {
    uint64_t imported_functions, memories, tables, globals, types, functions;  // totals include imports
  };

  static constexpr ContextLayout of(const Counts& counts) {
    const auto align = [](uint64_t offset, uint64_t alignment) {
      return (offset + alignment - 1) / alignment * alignment;
    };
    ContextLayout layout{};
    layout.imported_functions = sizeof(InstanceContext);
    layout.memories = layout.imported_functions + counts.imported_functions * sizeof(ImportedFunction);
    layout.tables = layout.memories + counts.memories * sizeof(void*);
    layout.globals = align(layout.tables + counts.tables * sizeof(void*), alignof(Value));
    layout.type_ids = layout.globals + counts.globals * sizeof(Value);
    layout.functions = align(layout.type_ids + counts.types * sizeof(uint32_t), alignof(Value));
    layout.size = layout.functions + counts.functions * sizeof(FunctionRecord);
    return layout;
  }
};

}  // namespace twine::abi
