// A plugin of QEMU's translator (TCG): counts how often each instruction runs between two marks of marks.hpp, and writes
// that when the second one comes: a line `window`, and a line `ADDRESS COUNT` for each address. tests/bench/profile
// compiles it and reads what it writes. For one CPU: the counters are not atomic.
#include "plugin.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>

struct Counter {
    uint64_t address;
    uint64_t count;    // since the last mark; the code that QEMU makes adds to it all the time
    uint64_t sum;      // of this window
    struct Counter* next;
};

enum { buckets = 1 << 16 };
static struct Counter* counters[buckets];
static PluginId self;
static bool is_ready;
static FILE* output;

static struct Counter* counter_of(uint64_t address) {
    struct Counter** bucket = &counters[(address ^ address >> 16 ^ address >> 32) % buckets];
    for (struct Counter* each = *bucket; each; each = each->next)
        if (each->address == address) return each;
    struct Counter* fresh = calloc(1, sizeof *fresh);
    if (!fresh) abort();
    fresh->address = address;
    fresh->next = *bucket;
    return *bucket = fresh;
}

static bool counts;    // in a window, and it does not pause

// What ran since the last mark is the window's, or nobody's.
static void take_counts(bool is_new_window) {
    for (unsigned i = 0; i < buckets; ++i)
        for (struct Counter* each = counters[i]; each; each = each->next) {
            each->sum = is_new_window ? 0 : each->sum + (counts ? each->count : 0);
            each->count = 0;
        }
}

static void write_window(void) {
    fputs("window\n", output);
    for (unsigned i = 0; i < buckets; ++i)
        for (struct Counter* each = counters[i]; each; each = each->next)
            if (each->sum) fprintf(output, "%" PRIx64 " %" PRIu64 "\n", each->address, each->sum);
    fflush(output);
}

static void translate(PluginId id, struct qemu_plugin_tb* block);

static void start_again(PluginId id) { qemu_plugin_register_vcpu_tb_trans_cb(id, translate); }

static void on_mark(unsigned cpu, void* number) {
    (void)cpu;
    const enum Mark mark = (enum Mark)(uintptr_t)number;
    if (mark == mark_get_ready) {
        // A boot whose every instruction is counted takes several times as long: until now nothing was. What has been
        // translated is forgotten.
        if (!is_ready) qemu_plugin_reset(self, start_again);
        is_ready = true;
        return;
    }
    take_counts(mark == mark_begin);
    counts = mark == mark_begin || mark == mark_go_on;
    if (mark == mark_end) write_window();
}

static void translate(PluginId id, struct qemu_plugin_tb* block) {
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); ++i) {
        struct qemu_plugin_insn* instruction = qemu_plugin_tb_get_insn(block, i);
        const unsigned mark = mark_in(instruction);
        if (mark) qemu_plugin_register_vcpu_insn_exec_cb(instruction, on_mark, no_registers, (void*)(uintptr_t)mark);
        else if (is_ready)
            qemu_plugin_register_vcpu_insn_exec_inline(instruction, inline_add,
                                                       &counter_of(qemu_plugin_insn_vaddr(instruction))->count, 1);
    }
}

__attribute__((visibility("default"))) int qemu_plugin_install(PluginId id, const struct qemu_info_t* info, int count,
                                                               char** words) {
    (void)info;
    output = output_of(count, words);
    if (!output) return -1;
    self = id;
    start_again(id);
    return 0;
}
