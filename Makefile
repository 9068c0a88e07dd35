# `make demo` shows rls at work, `make test` runs the tests, `make bench` measures. `make fuzz TIME=60` and `make soak`
# search for failures for longer than a test may take.

CARGO ?= cargo
# Programs that the tests run; after a colon the Debian package, if its name differs.
PACKAGES = docker-registry skopeo faketime fish zsh mandoc jq sqlite3 man:man-db docker:docker.io

# What `make dist` needs; built without optimization, because they are fast enough.
TOOLS = cargo-auditable@0.7.7 cargo-cyclonedx@0.5.9 cargo-deb@3.8.0 cargo-generate-rpm@0.21.1

# Where `make dist` puts the release.
DIST ?= target/dist

# Seconds that libFuzzer spends on each target, and the targets.
TIME ?= 60
GUIDED = tests/fuzz/guided
TARGETS = $(basename $(notdir $(wildcard $(GUIDED)/fuzz_targets/*.rs)))

.PHONY: demo test dist dist-test bench fuzz inputs mutants soak generated advisories packages tools

# The main job against the embedded registry: TLS from a private CA, token authentication, nothing to install.
demo:
	$(CARGO) build --quiet --workspace
	target/debug/registry-fixture with --seed demo --auth token --tls -- sh fixtures/demo.sh

# Runs every test, after installing the programs that the tests use: as root on Debian they are installed, elsewhere
# they are listed. Property tests try the same cases each time; `make soak` tries others.
test: packages
	PROPTEST_RNG_SEED=1 $(CARGO) test --workspace

# The release for this machine's architecture: archive, Debian and RPM packages, container image, list of crates and
# checksums.
dist: PACKAGES = git dpkg-shlibdeps:dpkg-dev
dist: packages tools
	CARGO="$(CARGO)" sh fixtures/dist.sh "$(DIST)"

# Installs that release on fresh systems, runs its image, and builds it again in another folder. What needs root, for chroot, or a mirror of
# Debian's packages is left out without them, and named.
dist-test: PACKAGES = docker-registry skopeo git dpkg-shlibdeps:dpkg-dev mmdebstrap rpm
dist-test: packages dist
	RLS_DIST="$(abspath $(DIST))" $(CARGO) test --test dist

# Compares with bare requests, curl and the other clients on the PATH; prints the table of docs/benchmarks.md.
# ONLY=start measures one chapter; the others are plain, tls, token, away, million, growth, cleaning, look, network.
# RLS=… measures another build.
bench: packages
	$(CARGO) build --quiet --release --bin rls
	ONLY=$(ONLY) $(CARGO) bench --quiet --profile measuring --bench compare

# Runs libFuzzer on each parser in turn; inputs that fail are in $(GUIDED)/artifacts. An input may take a second and
# 512 MiB. No sanitizer, so the stable compiler is enough: the crates here have no unsafe code.
fuzz:
	command -v cargo-fuzz >/dev/null || $(CARGO) install --locked --quiet cargo-fuzz
	FUZZ_CORPUS=$(GUIDED)/corpus FUZZ_INPUTS=0 $(CARGO) test --quiet --test fuzz
	$(CARGO) fuzz build --fuzz-dir $(GUIDED) -s none
	for target in $(TARGETS); do $(CARGO) fuzz run --fuzz-dir $(GUIDED) -s none $$target -- \
	    -max_total_time=$(TIME) -max_len=4096 -timeout=1 -rss_limit_mb=512 -print_final_stats=1 -verbosity=0 || exit; done

# The numbered inputs of `cargo test --test fuzz`, as many of them for each target: make inputs INPUTS=10000000
INPUTS ?= 1000000
inputs:
	FUZZ_INPUTS=$(INPUTS) $(CARGO) test --profile inputs --test fuzz

# Mutates deletion, the snapshot, removal and retention, one place at a time, and runs the tests that should fail;
# mutants that survive are listed in target/mutants.out/missed.txt. All of them take a day: SHARD=0/40 is one fortieth.
mutants: packages
	command -v cargo-mutants >/dev/null || $(CARGO) install --locked --quiet cargo-mutants
	RLS_MODEL_COUNT=30 $(CARGO) mutants --config tests/mutants.toml --output target $(if $(SHARD),--shard $(SHARD))

# The long form of what `make test` tries briefly: listings that fail, a long-running process, many processes at once.
soak:
	WALKS=10000 PROGRAM_WALKS=500 SOAK_REQUESTS=100000 PROCESSES=200 \
	    $(CARGO) test --test reliability -- --nocapture --test-threads=1 walks soak concurrent_writes
	PROPTEST_CASES=5000 PROPTEST_MAX_GLOBAL_REJECTS=1000000 $(CARGO) test --lib -- removal:: retention::

# The scripts, pages and schemas that tests compare with what the program prints.
generated:
	$(CARGO) build --quiet
	target/debug/rls completions --static bash > completions/rls.bash
	target/debug/rls completions --static zsh > completions/_rls
	target/debug/rls completions --static fish > completions/rls.fish
	target/debug/rls completions powershell > completions/_rls.ps1
	target/debug/rls completions elvish > completions/rls.elv
	rm -f man/*.1 && target/debug/rls man man
	UPDATE_SCHEMAS=1 $(CARGO) test --quiet --bin rls help::schema

# Checks the dependencies against the RustSec advisory database, which it downloads. The gate works offline and does not
# include this: run it before a release, and in a scheduled job.
advisories:
	command -v cargo-deny >/dev/null || $(CARGO) install --locked --quiet cargo-deny
	$(CARGO) deny check advisories

tools:
	@missing=; for tool in $(TOOLS); do command -v $${tool%@*} >/dev/null || missing="$$missing $$tool"; done; \
	[ -z "$$missing" ] || CARGO_TARGET_DIR=target/tools $(CARGO) install --locked --quiet --debug $$missing

packages:
	@missing=; for program in $(PACKAGES); do command -v $${program%%:*} >/dev/null || missing="$$missing $${program##*:}"; done; \
	if [ -n "$$missing" ]; then \
	    if [ "$$(id -u)" = 0 ]; then apt-get update -qq && apt-get install -y -qq $$missing >/dev/null; \
	    elif command -v sudo >/dev/null; then sudo apt-get update -qq && sudo apt-get install -y -qq $$missing >/dev/null; \
	    else echo "these Debian packages are needed:$$missing" >&2; exit 1; fi; \
	fi
	@for tool in duckdb:duckdb-cli sqlite-utils; do \
	    command -v $${tool%%:*} >/dev/null || python3 -m pip install --quiet $${tool##*:} 2>/dev/null || \
	    echo "without $${tool%%:*} (pip install $${tool##*:}) one recipe is not tested" >&2; done
