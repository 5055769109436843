#include "small_domain.hpp"

#include "case.hpp"
#include "paging.hpp"

namespace kit {

SmallDomain::SmallDomain(std::span<const std::byte> instructions, int mapping_frames, unsigned vcpu_count) {
    vcpus = vcpu_count;
    most_mapping_frames = mapping_frames;
    for (unsigned pfn = 0; pfn < count; ++pfn) frames[pfn] = pfn;
    create(frames);
    if (trouble != 0) return;
    write_page(frames[code], instructions);
    link_tables();
    prepare_vcpu();
}

void SmallDomain::link_tables() {
    write(level1, 0, entry(frames[code], read_only_page));
    write(level1, 1, entry(frames[data], kernel_page));
    write(level2, index_at(image_base, 2), entry(frames[level1], table_entry));
    write(level3, index_at(image_base, 3), entry(frames[level2], table_entry));
    write(level4, index_at(image_base, 4), entry(frames[level3], table_entry));
    expect_zero(mmuext_op(MMUEXT_PIN_L4_TABLE, frames[level4], static_cast<int>(id)));
}

void SmallDomain::prepare_vcpu() {
    static vcpu_guest_context_t context;
    context = {};
    context.flags = VGCF_in_kernel | VGCF_online;
    context.user_regs.rip = image_base;
    context.user_regs.rsp = small_data + page_size;
    context.user_regs.rflags = 0x200;
    context.user_regs.cs = FLAT_KERNEL_CS;
    context.user_regs.ss = context.kernel_ss = FLAT_KERNEL_SS;
    context.kernel_sp = small_data + page_size;
    context.ctrlreg[3] = xen_pfn_to_cr3(frames[level4]);
    set_context(context);
}

SmallDomain& idle_domain() {
    static SmallDomain domain(endless_loop);
    expect_equal(domain.trouble, 0);
    return domain;
}

}
