# SPDX-License-Identifier: LGPL-2.1-or-later
WINDOWS_ZIP = $(DIST)/periscoped-$(VERSION)-windows.zip
GUEST_ISO = $(DIST)/periscoped-$(VERSION).iso
GUEST_MEDIA = $(LINUX_GUEST_FILES) $(WINDOWS_ZIP) $(GUEST_ISO)

#: make dist         all that goes to a guest, in build/dist: the package and the archive for Linux, the zip for Windows,
#:                   and one ISO with both
.PHONY: dist dist-files
dist:
	tests/deps.sh dist
	$(MAKE) dist-files
dist-files: $(GUEST_MEDIA)

$(WINDOWS_ZIP): $(B)/win64/periscoped.exe $(B)/win32/periscoped.exe $(wildcard packaging/windows/*) packaging/make-zip packaging/dist.mk
	packaging/make-zip $(B)/win64/periscoped.exe $(B)/win32/periscoped.exe $@
$(GUEST_ISO): $(WINDOWS_ZIP) $(LINUX_GUEST_FILES) packaging/iso/README.txt packaging/make-iso packaging/dist.mk
	packaging/make-iso $(WINDOWS_ZIP) $(GUEST_TAR) $(DEB) $@
