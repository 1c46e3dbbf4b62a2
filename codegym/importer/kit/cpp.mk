CXX = g++
CXXFLAGS = -std=c++17 -O0 -w -Iinclude -Itests
NAMES = $(or $(patsubst tests/%.cpp,%,$(wildcard tests/hidden.cpp)),$(patsubst tests/%.cpp,%,$(wildcard tests/*.cpp)))
PROGRAMS = $(NAMES:%=build/%)

.PHONY: test build clean

test: build
	@build/judge $(PROGRAMS)

build: build/judge $(PROGRAMS)

build/judge: tests/judge.c
	@mkdir -p build
	@$(CC) -O1 -o $@ $<

build/solution.o: solution.cpp
	@mkdir -p build
	@$(CXX) $(CXXFLAGS) -c -o $@ $<

build/%: tests/%.cpp build/solution.o
	@$(CXX) $(CXXFLAGS) -o $@ $^

clean:
	rm -rf build
