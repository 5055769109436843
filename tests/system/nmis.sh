# RUN: %run --file %S/words.sh --script %s | FileCheck %s
#
# An NMI that tools send is met by Linux's own handler, in a guest and in Dom0.

. ~/words.sh
nobody_asked='NMI received for unknown reason'
dom0_knows() { dmesg | grep -q "$nobody_asked"; }

start_linux met; await_shell met
xl trigger met nmi && await said met "$nobody_asked" && echo "the guest knows"
# CHECK: the guest knows
in_guest met 'echo still here'
# CHECK-NEXT: still here
xl trigger 0 nmi && await dom0_knows && echo "Dom0 knows"
# CHECK-NEXT: Dom0 knows
xl destroy met; await gone met
