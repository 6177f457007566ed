# SPDX-License-Identifier: LGPL-2.1-or-later
DIST := $(B)/dist
DEB_VERSION := $(shell sed -n '1s/.*(\(.*\)).*/\1/p' packaging/debian/changelog)
ARCHITECTURE = $(shell dpkg --print-architecture)
DEB = $(DIST)/periscoped_$(DEB_VERSION)_$(ARCHITECTURE).deb
GUEST_TAR = $(DIST)/periscoped-$(VERSION)-linux-$(shell uname -m).tar.gz
# Files that go to a guest, for who packs them together.
LINUX_GUEST_FILES = $(DEB) $(GUEST_TAR)

#: make deb          the Debian packages, in build/deb; a copy of the agent's in build/dist
#: make deb-source   the Debian source package, in build/deb-source
#: make check-deb    both, as lintian sees them
#: make rpm          the agent's package for systems with rpm, in build/rpm
#: make guest-tar    the agent for any other Linux: the agent, its unit and an install script
.PHONY: deb deb-source check-deb rpm guest-tar
deb: $(DEB)
guest-tar: $(GUEST_TAR)

# All that the packages are made of.
DEB_INPUTS = $(shell find agent base capture host linux picture platform protocol docs/man packaging/debian -type f) \
	$(addprefix packaging/,make-deb deb.mk) Makefile config.mk docs/security.md

# Who makes a package here has tested this tree: debian/rules runs the unit tests for everybody else.
$(DEB): $(DEB_INPUTS)
	DEB_BUILD_OPTIONS="nocheck $$DEB_BUILD_OPTIONS" CC="$(CC)" packaging/make-deb $(B)/deb
	@mkdir -p $(@D)
	rm -f $(@D)/periscoped_*.deb
	cp $(B)/deb/$(@F) $@
deb-source:
	packaging/make-deb --source $(B)/deb-source
check-deb: deb deb-source
	lintian --fail-on error,warning $(B)/deb/*.changes $(B)/deb-source/*.changes

# Where dpkg manages the packages, rpm knows none that it is to build with; and of Debian 13 on, it wants elfutils' programs
# for a package of debug information.
RPM_ON_DEBIAN = $(if $(wildcard /var/lib/dpkg/status),--nodeps --define 'debug_package %{nil}')
rpm: deb-source
	rm -rf $(B)/rpm
	install -D -m 644 $(B)/deb-source/periscope_$(VERSION).orig.tar.gz $(B)/rpm/SOURCES/periscope-$(VERSION).tar.gz
	env -u MAKEFLAGS -u MFLAGS rpmbuild -bb $(RPM_ON_DEBIAN) \
		--define '_topdir $(abspath $(B))/rpm' packaging/rpm/periscoped.spec \
		>$(B)/rpm/log 2>&1 || { tail -n 40 $(B)/rpm/log; exit 1; }

# libdrm is a part of the agent, and its licence wants its notice to go with it.
LIBDRM_NOTICE := /usr/share/doc/libdrm-dev/copyright

# What the archive installs, below a folder of its own. By then all is built.
define guest_folder
	rm -rf $(1)
	$(MAKE) --no-print-directory install-agent DESTDIR=$(abspath $(1)) PREFIX=/usr
	strip --strip-unneeded $(1)/usr/sbin/periscoped
	$(if $(wildcard $(LIBDRM_NOTICE)),install -D -m 644 $(LIBDRM_NOTICE) $(1)/usr/share/doc/periscoped/copyright.libdrm)
endef
$(GUEST_TAR): $(B)/periscoped $(wildcard packaging/debian/*) packaging/install.sh packaging/deb.mk docs/security.md | all
	$(call guest_folder,$(B)/tar)
	install -D -m 644 packaging/debian/periscoped.service $(B)/tar/lib/systemd/system/periscoped.service
	install -D -m 755 packaging/debian/periscoped-kernel-log $(B)/tar/lib/systemd/system-generators/periscoped-kernel-log
	install -D -m 644 packaging/debian/periscoped.conf $(B)/tar/etc/periscope/periscoped.conf
	install -m 755 packaging/install.sh $(B)/tar/install.sh
	install -m 644 docs/security.md $(B)/tar/security.md
	@mkdir -p $(@D)
	tar -C $(B)/tar --sort=name --owner=0 --group=0 --numeric-owner \
		--mtime=@$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct 2>/dev/null || echo 0)} \
		--transform 's|^\.|periscoped-$(VERSION)|' -c . | gzip -9n >$@
