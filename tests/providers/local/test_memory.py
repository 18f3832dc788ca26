from __future__ import annotations

from pathlib import Path

from chat.providers.local import machine

MB = 2**20
UNLIMITED_V1 = "9223372036854771712"


def files(root: Path, contents: dict[str, str]) -> Path:
    for name, text in contents.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_without_a_limit_the_machine_s_free_memory_counts(tmp_path):
    root = files(
        tmp_path,
        {
            "proc/meminfo": "MemTotal:       2097152 kB\nMemAvailable:    1048576 kB\n",
            "proc/self/cgroup": "0::/\n",
            "sys/fs/cgroup/memory.max": "max\n",
            "sys/fs/cgroup/memory.current": f"{10 * MB}\n",
        },
    )

    free = machine.free_memory(root)

    assert free == 1024 * MB


def test_a_limit_of_version_2_on_a_group_above_counts_and_its_idle_cache_is_free(tmp_path):
    root = files(
        tmp_path,
        {
            "proc/meminfo": "MemAvailable:    1048576 kB\n",
            "proc/self/cgroup": "0::/app/web\n",
            "sys/fs/cgroup/app/web/memory.max": "max\n",
            "sys/fs/cgroup/app/memory.max": f"{512 * MB}\n",
            "sys/fs/cgroup/app/memory.current": f"{400 * MB}\n",
            "sys/fs/cgroup/app/memory.stat": f"anon {300 * MB}\ninactive_file {50 * MB}\n",
        },
    )

    free = machine.free_memory(root)

    assert free == 162 * MB


def test_a_limit_of_version_1_counts_in_a_container_that_names_the_host_s_path(tmp_path):
    root = files(
        tmp_path,
        {
            "proc/meminfo": "MemAvailable:    8388608 kB\n",
            "proc/self/cgroup": "5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n0::/docker/abc\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{256 * MB}\n",
            "sys/fs/cgroup/memory/memory.usage_in_bytes": f"{240 * MB}\n",
            "sys/fs/cgroup/memory/memory.stat": f"inactive_file 1\ntotal_inactive_file {20 * MB}\n",
        },
    )

    free = machine.free_memory(root)

    assert free == 36 * MB


def test_no_limit_in_version_1_is_a_very_large_number(tmp_path):
    root = files(
        tmp_path,
        {
            "proc/meminfo": "MemAvailable:    1024 kB\n",
            "proc/self/cgroup": "4:memory:/\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": UNLIMITED_V1,
            "sys/fs/cgroup/memory/memory.usage_in_bytes": "0",
        },
    )

    free = machine.free_memory(root)

    assert free == MB


def test_where_the_kernel_tells_nothing_nothing_is_claimed(tmp_path):
    free = machine.free_memory(tmp_path)

    assert free is None
