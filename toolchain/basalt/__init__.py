"""Everything here is of this package: an older Python would say something less clear further down."""

import sys

if sys.version_info < (3, 11):
    sys.exit("This needs Python 3.11 or later, as /usr/bin/python3 is on Debian 12; {} is {}.{}".format(
        sys.executable, *sys.version_info[:2]))
