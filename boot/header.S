/* What loaders read: the Multiboot2 header for GRUB, and the PVH note for QEMU's -kernel. There is no Multiboot1 header:
   QEMU would prefer it, and then refuse a 64-bit image. */
#define ASM_FILE
#include <multiboot2.h>

    .section .multiboot2, "a"
    .balign MULTIBOOT_HEADER_ALIGN
multiboot2_header:
    .long MULTIBOOT2_HEADER_MAGIC
    .long MULTIBOOT2_ARCHITECTURE_I386
    .long multiboot2_header_end - multiboot2_header
    .long -(MULTIBOOT2_HEADER_MAGIC + MULTIBOOT2_ARCHITECTURE_I386 + (multiboot2_header_end - multiboot2_header))

    .balign MULTIBOOT_TAG_ALIGN
    .short MULTIBOOT_HEADER_TAG_RELOCATABLE, MULTIBOOT_HEADER_TAG_OPTIONAL
    .long 24
    .long 0x200000                      /* not in the first 2 MiB, */
    .long 0xffffffff                    /* below 4 GiB, */
    .long 0x200000                      /* by 2 MiB, so that large pages map the image, */
    .long MULTIBOOT_LOAD_PREFERENCE_NONE

    .balign MULTIBOOT_TAG_ALIGN
    .short MULTIBOOT_HEADER_TAG_MODULE_ALIGN, 0
    .long 8

    .balign MULTIBOOT_TAG_ALIGN
    .short MULTIBOOT_HEADER_TAG_INFORMATION_REQUEST, MULTIBOOT_HEADER_TAG_OPTIONAL
    .long 8 + 4 * 4
    .long MULTIBOOT_TAG_TYPE_MMAP, MULTIBOOT_TAG_TYPE_EFI_MMAP, MULTIBOOT_TAG_TYPE_ACPI_NEW, MULTIBOOT_TAG_TYPE_ACPI_OLD

    .balign MULTIBOOT_TAG_ALIGN
    .short MULTIBOOT_HEADER_TAG_END, 0
    .long 8
multiboot2_header_end:

    /* xen/elfnote.h, XEN_ELFNOTE_PHYS32_ENTRY (18). The descriptor is the physical address that QEMU, which does not
       relocate, will find the entry at. */
    .section .note.Xen, "a", @note
    .balign 4
    .long 4, 8, 18
    .asciz "Xen"
    .long start_pvh_physical
