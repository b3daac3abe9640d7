# The front door. `make run` shows the dialer at work; `make test` proves it.
.DELETE_ON_ERROR:
.PHONY: run test lint bench soak clean lock install uninstall

PYTHON ?= python3
BIN := .venv/bin
FOR ?=

# Where `make install` puts things; DESTDIR for packagers.
DESTDIR ?=
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
HOME_DIR := $(PREFIX)/lib/dialerd
SHARE_DIR := $(PREFIX)/share/dialerd
DOC_DIR := $(PREFIX)/share/doc/dialerd
UNIT_DIR := $(PREFIX)/lib/systemd/system
UNITS := dialerd.service dialerd-backup.service dialerd-backup.timer dialerd-export.service dialerd-export.timer
PROGRAMS := dialer dialer-agent-login dialer-agent-disposition

run: .venv/ready           ## the whole floor on this machine; FOR=60 ends after 60 seconds
	@$(BIN)/python asterisk/testbed/sample_floor.py $(if $(FOR),--for $(FOR))

test: lint                 ## every test, the real-Asterisk ones included
	@tests/prepare_machine.sh
	$(BIN)/pytest -m "not soak" -n 2 $(ARGS)

lint: .venv/ready          ## style, types, walls
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/ready         ## the figures of docs/explanation/performance.md and pacing.md
	$(BIN)/python -m benchmarks

soak: .venv/ready          ## long campaigns: hundreds of crashes, new random examples
	DIALER_HYPOTHESIS=explore $(BIN)/pytest -m soak $(ARGS)

install:                   ## programs, units, operator's files; config and data that are there stay as they are
	PYTHON="$(PYTHON)" systemd/install_programs.sh "$(DESTDIR)" "$(HOME_DIR)"
	install -d "$(DESTDIR)$(PREFIX)/bin" "$(DESTDIR)$(UNIT_DIR)" "$(DESTDIR)$(PREFIX)/lib/sysusers.d" \
	  "$(DESTDIR)$(PREFIX)/lib/tmpfiles.d" "$(DESTDIR)$(SHARE_DIR)" "$(DESTDIR)$(DOC_DIR)"
	for name in $(PROGRAMS); do ln -sfn "$(HOME_DIR)/bin/$$name" "$(DESTDIR)$(PREFIX)/bin/$$name"; done
	for unit in $(UNITS); do \
	  sed -e 's,/usr/local/,$(PREFIX)/,g' -e 's,/etc/dialer/,$(SYSCONFDIR)/dialer/,g' "systemd/$$unit" \
	  > "$(DESTDIR)$(UNIT_DIR)/$$unit" && chmod 644 "$(DESTDIR)$(UNIT_DIR)/$$unit" || exit 1; done
	install -m 644 systemd/sysusers-dialerd.conf "$(DESTDIR)$(PREFIX)/lib/sysusers.d/dialerd.conf"
	install -m 644 systemd/tmpfiles-dialerd.conf "$(DESTDIR)$(PREFIX)/lib/tmpfiles.d/dialerd.conf"
	cp -R asterisk/*.conf asterisk/sounds config/dialer.toml config/monitoring mqtt \
	  "$(DESTDIR)$(SHARE_DIR)/"
	cp -R LICENSE CHANGELOG.md docs/* "$(DESTDIR)$(DOC_DIR)/"
	@[ -n "$(DESTDIR)" ] || systemd/after_install.sh "$(PREFIX)"

uninstall:                 ## stop and remove; PURGE=1 removes configuration and data too
	@[ -n "$(DESTDIR)" ] || systemd/before_uninstall.sh
	for name in $(PROGRAMS); do rm -f "$(DESTDIR)$(PREFIX)/bin/$$name"; done
	for unit in $(UNITS); do rm -f "$(DESTDIR)$(UNIT_DIR)/$$unit"; done
	rm -f "$(DESTDIR)$(PREFIX)/lib/sysusers.d/dialerd.conf" "$(DESTDIR)$(PREFIX)/lib/tmpfiles.d/dialerd.conf"
	rm -rf "$(DESTDIR)$(HOME_DIR)" "$(DESTDIR)$(SHARE_DIR)" "$(DESTDIR)$(DOC_DIR)"
	[ -z "$(PURGE)" ] || rm -rf "$(DESTDIR)$(SYSCONFDIR)/dialer" "$(DESTDIR)/var/lib/dialer"

clean:                     ## all that was made here (not the Asterisk in the cache folder)
	@[ ! -e run/testbed ] || [ ! -x $(BIN)/python ] || $(BIN)/python asterisk/testbed/testbed.py down --dir run/testbed
	rm -rf .venv run build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

lock: .venv/ready          ## pin the dependencies of pyproject.toml again
	$(BIN)/pip-compile -q --generate-hashes --strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	  --output-file requirements.lock pyproject.toml
	$(BIN)/pip-compile -q --generate-hashes --strip-extras --allow-unsafe --no-emit-index-url --no-emit-find-links \
	  --no-emit-trusted-host --extra dev --constraint requirements.lock --output-file requirements-dev.lock pyproject.toml

.venv/ready: requirements.lock requirements-dev.lock pyproject.toml
	@asterisk/testbed/prepare_machine.sh $(PYTHON)
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --require-hashes -r requirements-dev.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
