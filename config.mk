# SPDX-License-Identifier: LGPL-2.1-or-later
# What a builder may want to change; also from the command line: make CC=clang OPT=-O0
ifeq ($(origin CC),default)
CC = gcc
endif
OPT ?= -O2 -g
SANITIZE ?=
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
DESTDIR ?=
PKG_CONFIG ?= pkg-config
OBJCOPY ?= objcopy
# -ldrm where there is no static one; then the agent needs it in each guest.
LIBDRM ?= -l:libdrm.a
WARN = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wcast-qual -Wvla \
       -Wformat=2 -Wundef -Werror=implicit-function-declaration
