# The two commands of the README, and the separate checks. Everything else is CMake's.
BUILD ?= build
.PHONY: demo test build setup test-asan test-tsan fuzz install deb format format-check lint clean

setup:
	@tools/setup

build: setup
	@tools/configure $(BUILD)
	@cmake --build $(BUILD)

demo:
	@tools/setup build
	@tools/configure $(BUILD)
	@cmake --build $(BUILD) --target trtexec face_detection
	@tools/demo $(BUILD)

test: build
	@cd $(BUILD) && ctest --output-on-failure --no-tests=error -j2

test-asan: setup
	@tools/configure build-asan -DCMAKE_BUILD_TYPE=Sanitize -DINGOT_SANITIZE=address,undefined
	@cmake --build build-asan
	@# The sanitizer takes some thread-local blocks of loaded libraries for others and then reads what is not there ("Tracer caught signal 11").
	@cd build-asan && ASAN_OPTIONS=intercept_tls_get_addr=0 ctest --output-on-failure --no-tests=error -j2

test-tsan: setup
	@tools/configure build-tsan -DCMAKE_BUILD_TYPE=Sanitize -DINGOT_SANITIZE=thread
	@cmake --build build-tsan
	@cd build-tsan && ctest --output-on-failure --no-tests=error -j2

fuzz: setup
	@tools/fuzz build-fuzz

install: build
	@cmake --install $(BUILD)

deb: build
	@cd $(BUILD) && cpack -G DEB

format:
	@git ls-files '*.h' '*.cpp' | xargs clang-format -i

format-check:
	@tools/lint format

# Over the files that the last commit changed.
lint: build
	@tools/lint tidy --build $(BUILD)

clean:
	@rm -rf build build-asan build-tsan build-fuzz
