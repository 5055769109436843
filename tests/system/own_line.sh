# RUN: bash -c "%run --dom0-append module_blacklist=virtio_console --script %s; test $? = 37" 2>%t.told | FileCheck %s
#
# A kernel without a driver for the line of the command's output has it come over the console.

echo 'quotes " and $dollars'
# CHECK: {{^}}quotes " and $dollars{{$}}
printf 'no end of line'
# CHECK-NEXT: {{^}}no end of line
exit 37
