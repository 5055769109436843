/* A plugin of QEMU's TCG (its docs/devel/tcg-plugins.rst, API version 1, whose header Debian does not ship): counts how often
   each instruction is executed between two markers, and writes a file `out=FILE` + ".N" for the N-th pair, a line for each
   address: address and count, in hexadecimal. One CPU. The markers are no-ops with a number: nopl 0x4c534201(%rax) begins,
   nopl 0x4c534202(%rax) ends. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { no_registers = 0, add_u64 = 0 };

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, void (*)(plugin_id, struct qemu_plugin_tb*));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb*);
struct qemu_plugin_insn* qemu_plugin_tb_get_insn(const struct qemu_plugin_tb*, size_t);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn*);
const void* qemu_plugin_insn_data(const struct qemu_plugin_insn*);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn*);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn*, void (*)(unsigned, void*), int, void*);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn*, int, void*, uint64_t);

extern int qemu_plugin_version __attribute__((visibility("default")));
int qemu_plugin_version = 1;

struct place {
    uint64_t address, count;
};
enum { places = 1 << 20 };
static struct place table[places];
static const char* out = "counts";
static unsigned dumped;

/* Open addressing; a full table would never end, and 2^20 instructions are more than any row has. */
static struct place* place_of(uint64_t address) {
    size_t at = address * 0x9e3779b97f4a7c15 >> 44;
    while (table[at].address != 0 && table[at].address != address) at = (at + 1) % places;
    table[at].address = address;
    return &table[at];
}

/* What was counted before does not count. */
static void begin(unsigned cpu, void* unused) {
    (void)cpu, (void)unused;
    for (size_t at = 0; at < places; ++at) table[at].count = 0;
}

static void end(unsigned cpu, void* unused) {
    (void)cpu, (void)unused;
    char name[4096];
    snprintf(name, sizeof name, "%s.%u", out, dumped++);
    FILE* const file = fopen(name, "w");
    if (file == NULL) return;
    for (size_t at = 0; at < places; ++at)
        if (table[at].count != 0) fprintf(file, "%lx %lx\n", (unsigned long)table[at].address, (unsigned long)table[at].count);
    fclose(file);
}

static int is_marker(const struct qemu_plugin_insn* instruction, uint8_t number) {
    const uint8_t wanted[] = {0x0f, 0x1f, 0x80, number, 0x42, 0x53, 0x4c};
    return qemu_plugin_insn_size(instruction) == sizeof wanted && memcmp(qemu_plugin_insn_data(instruction), wanted, sizeof wanted) == 0;
}

static void translated(plugin_id id, struct qemu_plugin_tb* block) {
    (void)id;
    for (size_t at = 0; at < qemu_plugin_tb_n_insns(block); ++at) {
        struct qemu_plugin_insn* const instruction = qemu_plugin_tb_get_insn(block, at);
        if (is_marker(instruction, 1))
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, begin, no_registers, NULL);
        else if (is_marker(instruction, 2))
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, end, no_registers, NULL);
        else
            qemu_plugin_register_vcpu_insn_exec_inline(instruction, add_u64, &place_of(qemu_plugin_insn_vaddr(instruction))->count, 1);
    }
}

__attribute__((visibility("default"))) int qemu_plugin_install(plugin_id id, const void* machine, int count, char** words);
int qemu_plugin_install(plugin_id id, const void* machine, int count, char** words) {
    (void)machine;
    for (int at = 0; at < count; ++at)
        if (strncmp(words[at], "out=", 4) == 0) out = strdup(words[at] + 4);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
