# SPDX-License-Identifier: LGPL-2.1-or-later
# Programs that the integration tests run.
TOOLS := $(patsubst tests/tools/%.c,$(B)/tests/tools/%,$(wildcard tests/tools/*.c))
$(B)/tests/tools/x11_client: TOOL_LIBS := -lX11 -lXrender
$(B)/tests/tools/%: $(OBJ)/tests/tools/%.o $(UNIT_LIBRARY)
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(LINK) -o $@ $^ -lz -lm $(LIBDRM) $(TOOL_LIBS)
programs integration hostile-x check-images check-record check-web: $(TOOLS)
