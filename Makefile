# What a newcomer needs: `make demo` shows rls at work, `make test` proves it, `make bench` measures it.

CARGO ?= cargo
PACKAGES = docker-registry skopeo

.PHONY: demo test bench completions packages

# The main job against the embedded registry: TLS from a private CA, token authentication, nothing to install.
demo:
	$(CARGO) build --quiet --workspace
	target/debug/registry-fixture with --seed demo --auth token --tls -- sh fixtures/demo.sh

# Every test, after installing what they talk to. As root on Debian this installs; elsewhere it says what is missing.
test: packages
	$(CARGO) test --workspace

# Side by side with the bare requests, curl and the other clients on the PATH; prints the README's table. One chapter alone: ONLY=start;
# others are plain, tls, token, away, million, growth. RLS=… measures another build.
bench: packages
	$(CARGO) build --quiet --release --bin rls
	ONLY=$(ONLY) $(CARGO) bench --quiet --bench compare

# The scripts that a test compares with what the program prints.
completions:
	$(CARGO) build --quiet
	target/debug/rls completions bash > completions/rls.bash
	target/debug/rls completions zsh > completions/_rls
	target/debug/rls completions fish > completions/rls.fish
	target/debug/rls completions powershell > completions/_rls.ps1
	target/debug/rls completions elvish > completions/rls.elv

packages:
	@missing=; for package in $(PACKAGES); do command -v $$package >/dev/null || missing="$$missing $$package"; done; \
	if [ -n "$$missing" ]; then \
	    if [ "$$(id -u)" = 0 ]; then apt-get update -qq && apt-get install -y -qq $$missing >/dev/null; \
	    elif command -v sudo >/dev/null; then sudo apt-get update -qq && sudo apt-get install -y -qq $$missing >/dev/null; \
	    else echo "these Debian packages are needed:$$missing" >&2; exit 1; fi; \
	fi
