import { accessSync, constants } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { hostIsLinuxX64 } from '../native/build.ts';
import { type CliOutcome, signalbox, spawned } from './cli.ts';

/** A program of the host's as the shell would find it, or undefined. */
const find = (name: string): string | undefined => {
  for (const directory of ['/usr/bin', '/bin']) {
    try {
      accessSync(`${directory}/${name}`, constants.X_OK);
      return `${directory}/${name}`;
    } catch {
      // The next one, then.
    }
  }
  return undefined;
};

const options = { input: '', cwd: '/', env: { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8', HOME: '/tmp' } };

/** Messages of a shell name processes. */
const withoutPids = (outcome: CliOutcome): CliOutcome => ({
  ...outcome,
  stderr: outcome.stderr.replace(/(line \d+:) +\d+ /g, '$1 PID '),
});

/** Runs a program natively and here. */
const compare = async (name: string, ...args: string[]): Promise<void> => {
  const native = spawned(name, args, options);
  const here = await signalbox(['run', name, ...args], options);
  expect(withoutPids(here)).toEqual(withoutPids(await native));
};

/** What a case needs, the shell's script or the program's text after it. */
type Script = [what: string, needs: string, script: string];

/** Names of programs that this host lacks. */
const missing = (needs: string): string[] => needs.split(' ').filter((name) => find(name) === undefined);

const each = (scripts: readonly Script[], run: (needs: string[], script: string) => Promise<void>): void => {
  for (const [what, needs, script] of scripts) {
    const lacks = missing(needs);
    it.skipIf(lacks.length > 0)(lacks.length > 0 ? `${what} (no ${lacks.join(', ')} here)` : what, () =>
      run(needs.split(' '), script),
    );
  }
};

/** In a new directory, which goes afterwards. */
const inTemp = (script: string): string => `d=$(mktemp -d); cd $d; ${script}\ncd /; rm -r $d`;

const shells: Script[] = [
  [
    'functions, arrays, arithmetic, patterns',
    'bash',
    `f() { local x=$1; echo "f $x $#"; return 3; }; f a b; echo $?
a=(one two "three four"); a+=(five); echo \${#a[@]} "\${a[2]}" "\${!a[@]}" \${a[@]:1:1}
declare -A m=([x]=1 [y]=2); for k in x y; do echo $k=\${m[$k]}; done
for ((i=0;i<5;i++)); do echo -n "$i "; done; echo {a..e} {1..10..3}
s=hello; echo \${s^^} \${s:1:3} \${s/l/L} \${#s} \${s%lo} \${undefined:-default}
case $s in h*) echo starts;; esac; [[ $s =~ ^h(.)l ]] && echo "\${BASH_REMATCH[1]}"
printf '%05d|%-5s|%x\\n' 42 ab 255; echo $((2**40)) $((-7%3)) $((1<<62)); echo é漢 | wc -m
set -- -b val; getopts ab: o; echo $o $OPTARG; eval 'echo $((3+4))'; nosuchcommand; echo $?; /etc/passwd; echo $?`,
  ],
  [
    'pipes, here-documents, process substitution, coprocesses',
    'bash tr wc diff seq sort tee cat',
    `seq 1 100 | while read n; do echo $((n*n)); done | tail -2; set -o pipefail; false | true; echo $? "\${PIPESTATUS[@]}"
cat <<X | tr a-z A-Z
here $((1+1)) doc
X
diff <(seq 3) <(seq 4); echo $?; sort -u <(echo b; echo a; echo b); mapfile -t l < <(seq 3); echo "\${l[@]}"
exec 3< /etc/passwd; read -u 3 line; echo "$line"; exec 3<&-; { echo out; echo err >&2; } 2>&1 | sort
coproc cat; echo hi >&\${COPROC[1]}; read -u \${COPROC[0]} r; echo $r; yes | head -1; echo \${PIPESTATUS[0]}`,
  ],
  [
    'traps, background jobs, wait, subshells',
    'bash sleep',
    `trap 'echo EXIT' EXIT; trap 'echo USR1' USR1; kill -USR1 $$; echo after
(exit 7) & wait $!; echo $?; sleep 0.05 & sleep 0.01 & wait; echo all
( trap 'echo sub; exit 4' TERM; kill -TERM $BASHPID; sleep 1 ); echo $?
x=1; (x=2; cd /tmp; pwd; echo $BASH_SUBSHELL); echo $x; pwd; y=$(cd /usr; pwd; exit 3); echo $? $y
for i in 3 1 2; do (exit $i) & p="$p $!"; done; for i in $p; do wait $i; echo $?; done
bash -c 'kill -SEGV $$'; echo $?; trap 'echo ERR' ERR; set -e; false; echo not reached`,
  ],
  [
    'a small shell: dash',
    'dash seq sleep',
    `x=$(seq 3 | while read a; do echo -n $a; done); echo $x; f() { echo "in f: $*"; }; f 1 2; trap 'echo bye' 0
(set -u; echo $nosuch) 2>&1; echo $?; case abc in a?c) echo m;; esac; sleep 0.01 & wait $!; echo $?; kill -l 15; umask 77
umask; cd /usr/bin; pwd -P; type f; exit 5`,
  ],
];

const tools: Script[] = [
  [
    'files: coreutils and findutils',
    'bash ls cp mv ln chmod stat find xargs mkfifo dd split du install truncate touch',
    inTemp(`mkdir -p a/b/c; touch a/b/f; echo hello > a/x; cp -r a z; mv z y; ln a/x hard; ln -s a/x soft; ls -R | tail -n +2
stat -c '%n %F %h %a' a a/x hard soft; readlink soft; chmod 600 a/x; chmod u+x,g-r a/x; stat -c %A a/x
find . | sort; find . -type f -exec wc -c {} + | sort; find . -name x -print0 | xargs -0 ls; rm -r y hard
echo data > f1; cat f1 f1 > f2; cmp f1 f2; diff -u f1 f2 | tail -n +3; truncate -s 3 f2; cat f2; echo; du -b f1
dd if=/dev/zero of=big bs=1k count=3 2>/dev/null; split -b 1000 big p.; ls -s p.* >/dev/null; ls p.*
touch -d '2001-02-03 04:05:06 UTC' t; TZ=UTC ls -ln --time-style=full-iso t | cut -d' ' -f1-3,6-8
install -m 755 f1 inst; stat -c %a inst; rmdir a/b; mkfifo p; ls -ln p | cut -c1-10; (echo via fifo > p) & cat p; wait`),
  ],
  [
    'directories of the host, in its order',
    'bash find ls grep du id',
    `find /etc -name '*.conf' 2>&1 | md5sum; ls -U /usr/lib; ls -l /etc; grep -rl root /etc/pam.d; du -a /etc/default; id`,
  ],
  [
    'text: sort, sed, grep, awk and others',
    'bash seq sed grep paste tee cut sort uniq awk tr nl comm join fold tac od base64 md5sum sha512sum cksum factor expr',
    `seq 20 | sed -n '5,8p' | grep -v 6 | paste -s -d+ | tee /dev/null | cut -d+ -f2; sort -t: -k3n /etc/passwd | head -3
awk 'BEGIN{printf "%.3f %d %s\\n", 3.14159, 42, substr("hello",2,3); print length("abc"), sin(1), exp(1), 2^10, sqrt(2)}'
awk -F: '{s[$7]++} END {for(k in s) print k, s[k]}' /etc/passwd | sort; echo abcabc | sed -e 's/b/X/2;s/\\(a\\)\\(b\\)/\\2\\1/'
grep -c . /etc/passwd; grep -o 'r..t' /etc/passwd | sort | uniq -c; grep -E '^(root|bin)' /etc/passwd; grep -i ROOT /etc/passwd
echo 'a,b,c' | tr , '\\n' | nl; comm <(seq 3) <(seq 2 4); join <(echo 1 a) <(echo 1 b); fold -w 5 <<< abcdefghij; seq 3 | tac
od -An -tx1 -c <<< "hi"; base64 <<< "hello"; md5sum /etc/passwd; sha512sum /etc/passwd; cksum /etc/passwd
factor 1234567890123456789; expr 5 \\* 5; date -u -d @1700000000 --iso-8601=seconds; TZ=America/New_York date -d @1700000000
env -i A=1 env; nice -n 5 true; printf '%d %s\\n' 12 x; stdbuf -oL echo hi; timeout 0.1 sleep 5; echo $?; tail -c 5 /etc/passwd`,
  ],
  [
    'archives and patches: tar, gzip, bzip2, xz, diff, patch',
    'bash tar gzip bzip2 xz patch diff',
    inTemp(`mkdir src; for i in 1 2 3; do seq $((i*500)) > src/f$i; done; chmod 640 src/f2; touch -d @1000000000 src/* src
tar cf a.tar --sort=name --owner=0 --group=0 --numeric-owner src; md5sum a.tar; tar tvf a.tar | cut -c1-30
gzip -nk a.tar; md5sum a.tar.gz; bzip2 -k a.tar; md5sum a.tar.bz2; xz -k -T1 a.tar; md5sum a.tar.xz
zcat a.tar.gz | cmp - a.tar; bzcat a.tar.bz2 | cmp - a.tar; xzcat a.tar.xz | cmp - a.tar
mkdir out; tar xzf a.tar.gz -C out; diff -r src out/src && echo same; tar xJf a.tar.xz -O src/f1 | tail -1
cp src/f1 g; sed -i 's/^5$/five/' g; diff -u src/f1 g > p.diff; diff src/f1 g; patch -s src/f1 < p.diff; cmp src/f1 g && echo patched`),
  ],
  [
    'make',
    'bash make',
    inTemp(`cat > Makefile <<'X'
all: b c
	@echo all $^
b: a
	@echo making $@ from $<; touch b
a:
	@touch a
c:; @echo c $(shell echo sub) $(words x y z)
.PHONY: all c
X
make; make -s -j2; make -n nosuch; echo $?`),
  ],
];

const languages: Script[] = [
  [
    'perl',
    'perl',
    `use strict; use POSIX qw(floor strftime); use Digest::MD5 qw(md5_hex); use List::Util qw(sum);
my %h=(a=>1,b=>2); print join(",", map {"$_=$h{$_}"} sort keys %h), "\\n", md5_hex("abc"), " ", sum(1..10), "\\n";
$_="hello world"; print "$1 $2\\n" if /(\\w+) (\\w+)/; printf "%.5f %s %05d\\n", atan2(1,1)*4, 1e15, 42;
open(my $f,"-|","echo piped") or die; print while <$f>; close $f; print strftime("%Y-%m-%d", gmtime(0)), "\\n";
$|=1; my $pid=fork; if(!$pid){ exit 5 } waitpid $pid,0; print $?>>8,"\\n"; $SIG{USR1}=sub{print "usr1\\n"}; kill USR1=>$$;
print \`echo backtick\`; system("exit 3"); print $?>>8, "\\n"; eval { die "oops\\n" }; print $@; exit 4;`,
  ],
  [
    'python: json, hashlib, subprocess, threads, timers',
    'python3',
    `import json, hashlib, re, subprocess, threading, queue, os, sys, zlib, struct, math, random, signal
print(json.dumps({"a":[1,2,{"b":None}]}, sort_keys=True), hashlib.sha256(b"x"*1000).hexdigest(), zlib.crc32(b"abc"))
print(subprocess.run(["echo","sub"],capture_output=True).stdout, subprocess.check_output("echo a | wc -l", shell=True))
r=[]; l=threading.Lock()
def w(n):
    for i in range(1000):
        with l: r.append(n)
ts=[threading.Thread(target=w,args=(i,)) for i in range(4)]; [t.start() for t in ts]; [t.join() for t in ts]; print(len(r))
q=queue.Queue(); threading.Thread(target=lambda: [q.put(i) for i in [1,2,3,None]]).start(); print(list(iter(q.get, None)))
print(math.sin(1), math.exp(1), 2**0.5, 1e300*1e10, 0.1+0.2, round(2.675,2), math.gamma(5.5), math.fmod(10,3.3), 2**100)
random.seed(42); print(random.random(), random.gauss(0,1), struct.pack("<Id",1,2.5), re.sub(r"(\\w+) (\\w+)", r"\\2 \\1", "hello world"))
signal.signal(signal.SIGALRM, lambda *a: print("alarm")); signal.setitimer(signal.ITIMER_REAL, 0.01); signal.pause()
pid=os.fork()
if pid==0: os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(pid,0)[1]), "é漢")
try: 1/0
except ZeroDivisionError as e: print(e)
sys.exit(3)`,
  ],
];

describe.skipIf(!hostIsLinuxX64)('programs of the distribution behave as on the host', () => {
  each(shells, ([shell], script) => compare(shell!, '-c', script));
  each(tools, (_, script) => compare('bash', '-c', script));
  each(languages, ([language], text) => compare(language!, language === 'perl' ? '-e' : '-c', text));
  each(
    [
      [
        'a database',
        'sqlite3',
        "create table t(a,b); insert into t values(1,'x'),(2,'y'); select sum(a), group_concat(b) from t;",
      ],
    ],
    (_, sql) => compare('sqlite3', '-batch', ':memory:', sql),
  );
  each([['version control', 'git', '--version']], (_, flag) => compare('git', flag));
});

describe.skipIf(!hostIsLinuxX64)('a compiler run inside', () => {
  each([['compiles, assembles and links what then runs', 'gcc as ld', '']], async () => {
    const script = inTemp(`cat > hello.c <<'X'
#include <math.h>
#include <stdio.h>
int main(int argc, char **argv) { printf("hello %d %f\\n", argc, sqrt(argc)); return 42; }
X
gcc -O1 -o hello hello.c -lm && ./hello a b; echo $?; echo 'int x=' > bad.c; gcc -c bad.c; echo $?`);
    await compare('bash', '-c', script);
  });
});

/** Addresses are the same in every run here, as they are natively under setarch -R. */
describe.skipIf(!hostIsLinuxX64 || missing('setarch env cat true').length > 0)(
  'a dynamically linked program finds',
  () => {
    /** Standard output of both. `variable` goes to the program alone, not to what starts it. */
    const pair = async (
      variable: string,
      program: string,
      ...args: string[]
    ): Promise<[here: string, native: string]> => {
      const path = find(program)!;
      const native = await spawned(find('setarch')!, ['-R', 'env', variable, path, ...args], options);
      const here = await signalbox(['run', '--env', variable, path, ...args], options);
      return [here.stdout, native.stdout];
    };

    it('itself, its linker and its libraries in the areas of Linux', async () => {
      const [here, native] = await pair('LC_ALL=C', 'cat', '/proc/self/maps');
      // The vDSO takes as many pages as it needs: what lies below it may be moved.
      const above = (maps: string): string[] =>
        maps.split('\n').filter((line) => /^5555|\/ld[-.]|\[stack\]/.test(line));
      const withoutPlaces = (maps: string): string[] =>
        maps
          .split('\n')
          .filter((line) => line.includes('/'))
          .map((line) => line.slice(line.indexOf(' ')));
      expect(above(here)).toEqual(above(native));
      expect(above(here).length).toBeGreaterThan(8);
      expect(withoutPlaces(here)).toEqual(withoutPlaces(native));
    });

    it('what the auxiliary vector says of both', async () => {
      const [here, native] = await pair('LD_SHOW_AUXV=1', 'true');
      const ofProgram = (text: string): string[] =>
        text
          .split('\n')
          .filter((line) => /^AT_(PAGESZ|CLKTCK|PH|BASE|FLAGS|ENTRY|.?.ID|SECURE|EXECFN|PLATFORM)/.test(line));
      expect(ofProgram(here)).toEqual(ofProgram(native));
      expect(ofProgram(here)).toHaveLength(15);
    });
  },
);
