// Xen's public headers (package libxen-dev, Xen 4.17), for all but PVH's start information (boot/pvh.cpp). Numbers and
// structures come from here; nothing is retyped.
#pragma once

#include <cstddef>
#include <cstdint>

#define __XEN_TOOLS__ 1   // domctl, sysctl and platform interfaces are only declared for tools

extern "C" {
#include <xen/xen.h>
#include <xen/callback.h>
#include <xen/domctl.h>
#include <xen/elfnote.h>
#include <xen/errno.h>
#include <xen/event_channel.h>
#include <xen/features.h>
#include <xen/grant_table.h>
#include <xen/hvm/params.h>
#include <xen/memory.h>
#include <xen/nmi.h>
#include <xen/physdev.h>
#include <xen/platform.h>
#include <xen/sched.h>
#include <xen/sysctl.h>
#include <xen/trace.h>
#include <xen/vcpu.h>
#include <xen/version.h>
#include <xen/arch-x86/cpufeatureset.h>
#include <xen/arch-x86/cpuid.h>
#include <xen/arch-x86/xen-mca.h>
}
