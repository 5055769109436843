// A plugin of QEMU's translator (TCG): counts a boot's instructions by phase, from power on to the first mark of marks.hpp, and
// then writes a line `PHASE COUNT` for each. A phase begins where code of its kind is translated for the first time, which is
// just before it runs. For one CPU: the counters are not atomic.
#include "plugin.h"

#include <inttypes.h>
#include <stdbool.h>

// firmware: and the boot loader; hypervisor: its own start; then, until the mark, kernel, user: the first guest's, and beside:
// the hypervisor's.
enum Phase { firmware, hypervisor, kernel, user, beside, phases };
static const char* const names[] = {"firmware", "hypervisor", "kernel", "user", "beside"};

enum Kind { low, high_guest, high_hypervisor, kinds };
static uint64_t counts[kinds];    // since the last phase began; the code that QEMU makes adds to them all the time
static uint64_t sums[phases];
static enum Phase now = firmware;
static FILE* output;

static enum Kind kind_of(uint64_t address) {
    if (address < 0xffff800000000000) return low;
    return address < 0xffff880000000000 ? high_hypervisor : high_guest;    // hypervisor/core/layout.hpp
}

// A hypervisor that starts has code at low addresses, too.
static void end_phase(void) {
    if (now == kernel) {
        sums[kernel] = counts[high_guest];
        sums[user] = counts[low];
        sums[beside] = counts[high_hypervisor];
    } else sums[now] = counts[low] + counts[high_hypervisor];
    memset(counts, 0, sizeof counts);
}

static void begin_phase(enum Phase next) {
    end_phase();
    now = next;
}

static void look_at(enum Kind kind) {
    if (now == firmware && kind == high_hypervisor) begin_phase(hypervisor);
    if (now < kernel && kind == high_guest) begin_phase(kernel);
}

static void on_mark(unsigned cpu, void* unused) {
    (void)cpu;
    (void)unused;
    if (!output) return;
    end_phase();
    for (unsigned i = 0; i < phases; ++i) fprintf(output, "%s %" PRIu64 "\n", names[i], sums[i]);
    fclose(output);
    output = NULL;
}

static void translate(PluginId id, struct qemu_plugin_tb* block) {
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); ++i) {
        struct qemu_plugin_insn* instruction = qemu_plugin_tb_get_insn(block, i);
        const enum Kind kind = kind_of(qemu_plugin_insn_vaddr(instruction));
        look_at(kind);
        if (mark_in(instruction)) qemu_plugin_register_vcpu_insn_exec_cb(instruction, on_mark, no_registers, NULL);
        qemu_plugin_register_vcpu_insn_exec_inline(instruction, inline_add, &counts[kind], 1);
    }
}

__attribute__((visibility("default"))) int qemu_plugin_install(PluginId id, const struct qemu_info_t* info, int count,
                                                               char** words) {
    (void)info;
    output = output_of(count, words);
    if (!output) return -1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
    return 0;
}
