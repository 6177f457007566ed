# SPDX-License-Identifier: LGPL-2.1-or-later
# It counts how often the processes' environments are read.
$(B)/tests/unit/linux/test_identity: FAKES = -Wl,--wrap=login_environment
