# SPDX-License-Identifier: LGPL-2.1-or-later
# Who needs a made-up kernel: it stands before the library, of whose functions it replaces some.
FAKE_KERNEL := $(addprefix $(OBJ)/tests/unit/capture/drm/,fake_kernel.o fake_answers.o)
$(B)/tests/unit/capture/drm/test_drm_kms $(B)/tests/unit/capture/drm/test_drm_card \
	$(B)/tests/unit/capture/drm/test_drm_pointer $(B)/fuzz_drm: $(FAKE_KERNEL)
