# SPDX-License-Identifier: LGPL-2.1-or-later
DIST := $(B)/dist
DEB = $(DIST)/periscoped_$(VERSION)_$(shell dpkg --print-architecture).deb
GUEST_TAR = $(DIST)/periscoped-$(VERSION)-linux-$(shell uname -m).tar.gz
# Files that go to a guest, for who packs them together.
LINUX_GUEST_FILES = $(DEB) $(GUEST_TAR)

#: make deb          the agent's Debian package, in build/dist
#: make guest-tar    the same for any other Linux: the agent, its unit and an install script
.PHONY: deb guest-tar
deb: $(DEB)
guest-tar: $(GUEST_TAR)

# libdrm is a part of the agent, and its licence wants its notice to go with it.
LIBDRM_NOTICE := /usr/share/doc/libdrm-dev/copyright

# What the package installs, below a folder of its own. By then all is built: two of these may run at once.
define guest_folder
	rm -rf $(1)
	$(MAKE) --no-print-directory install-agent DESTDIR=$(abspath $(1)) PREFIX=/usr
	strip --strip-unneeded $(1)/usr/sbin/periscoped
	$(if $(wildcard $(LIBDRM_NOTICE)),install -D -m 644 $(LIBDRM_NOTICE) $(1)/usr/share/doc/periscoped/copyright.libdrm)
endef
$(DEB): $(B)/periscoped $(wildcard packaging/debian/*) packaging/make-deb packaging/deb.mk docs/security.md docs/man/periscoped.8 | all
	$(call guest_folder,$(B)/deb)
	packaging/make-deb $(B)/deb $(VERSION) $@
$(GUEST_TAR): $(B)/periscoped $(wildcard packaging/debian/*) packaging/install.sh packaging/deb.mk docs/security.md | all
	$(call guest_folder,$(B)/tar)
	install -D -m 644 packaging/debian/periscoped.service $(B)/tar/lib/systemd/system/periscoped.service
	install -D -m 644 packaging/debian/periscoped.conf $(B)/tar/etc/periscope/periscoped.conf
	install -m 755 packaging/install.sh $(B)/tar/install.sh
	install -m 644 docs/security.md $(B)/tar/security.md
	@mkdir -p $(@D)
	tar -C $(B)/tar --sort=name --owner=0 --group=0 --numeric-owner \
		--mtime=@$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct 2>/dev/null || echo 0)} \
		--transform 's|^\.|periscoped-$(VERSION)|' -c . | gzip -9n >$@
