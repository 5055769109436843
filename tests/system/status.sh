# RUN: bash -c "%run --script %s; test $? = 37" | FileCheck %s
#
# What boot/run answers is what the command answered: its output as it is, its status, whatever is in its words.

echo 'quotes " and $dollars and \backslashes'
# CHECK: {{^}}quotes " and $dollars and \backslashes{{$}}
echo "to standard error" >&2
# CHECK-NEXT: {{^}}to standard error{{$}}
printf 'no end of line'
# CHECK-NEXT: {{^}}no end of line
exit 37
