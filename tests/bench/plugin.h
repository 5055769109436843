// What counter.c and phases.c share: QEMU's plugin interface, and the marks of marks.hpp.
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <string.h>

// Of QEMU's public plugin interface, version 1, what is used here (its header comes with QEMU's source only).
typedef uint64_t PluginId;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info_t;
enum { no_registers = 0, inline_add = 0 };
extern void qemu_plugin_register_vcpu_tb_trans_cb(PluginId, void (*)(PluginId, struct qemu_plugin_tb*));
extern void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn*, void (*)(unsigned, void*), int, void*);
extern void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn*, int, void*, uint64_t);
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb*);
extern struct qemu_plugin_insn* qemu_plugin_tb_get_insn(const struct qemu_plugin_tb*, size_t);
extern uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn*);
extern const void* qemu_plugin_insn_data(const struct qemu_plugin_insn*);
extern size_t qemu_plugin_insn_size(const struct qemu_plugin_insn*);
extern void qemu_plugin_reset(PluginId, void (*)(PluginId));
__attribute__((visibility("default"))) int qemu_plugin_version = 1;

enum Mark { mark_get_ready = 1, mark_begin, mark_end, mark_pause, mark_go_on };

// nopl NUMBER(%rax), with 0x4241 in NUMBER's upper half; 0: no mark.
static unsigned mark_in(const struct qemu_plugin_insn* instruction) {
    static const uint8_t opcode[] = {0x0f, 0x1f, 0x80}, magic[] = {0x41, 0x42};
    const uint8_t* bytes = qemu_plugin_insn_data(instruction);
    if (qemu_plugin_insn_size(instruction) != 7 || memcmp(bytes, opcode, 3) != 0 || memcmp(bytes + 5, magic, 2) != 0) return 0;
    return bytes[3] | bytes[4] << 8;
}

// The file that the plugin's argument out=FILE names.
static FILE* output_of(int count, char** words) {
    for (int i = 0; i < count; ++i)
        if (strncmp(words[i], "out=", 4) == 0) return fopen(words[i] + 4, "w");
    return NULL;
}
