using Holdfast.Components.Systemd;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Systemd;

/// <summary>Against a /proc of files, so that any process can be there.</summary>
public sealed class LeftOverSearchTests : IDisposable
{
    private const long Booted = 1_700_000_000;
    private readonly TempFolder _proc = new();

    public LeftOverSearchTests()
    {
        _proc.Write("stat", $"cpu 1 2 3\nbtime {Booted}\n");
        Add(1, 0, "/usr/lib/systemd/systemd", "/sbin/init");
        Add(100, 1, "/usr/bin/bash", "bash", "-c", "holdfast /opt/shop/x");
        Add(101, 100, "/usr/bin/holdfast", "holdfast", "platform", "stop", "/opt/shop/x");
        Add(102, 101, "/usr/bin/systemctl", "systemctl", "stop", "/opt/shop/x");
    }

    public void Dispose() => _proc.Dispose();

    [Theory]
    [InlineData(true, "/opt/shop/bin/import", "import", "--fast")]
    [InlineData(true, "/opt/shop/bin/import (deleted)", "renamed")]
    [InlineData(true, "/usr/bin/python3.11", "python3", "-u", "/opt/shop/run.py")]
    [InlineData(true, "/usr/bin/bash", "bash", "/opt/shop/run.sh", "once")]
    [InlineData(true, "", "/opt/shop/bin/hidden")]
    [InlineData(true, "/usr/bin/python3", "[celeryd: shop@host:MainProcess]", "-active-")]
    [InlineData(false, "/usr/bin/vim", "vim", "/opt/shop/settings.py")]
    [InlineData(false, "/usr/bin/tail", "tail", "-f", "/opt/shop/log")]
    [InlineData(false, "/usr/bin/grep", "grep", "celeryd")]
    [InlineData(false, "/opt/shopping/bin/x", "x")]
    public void Patterns_fit_programs_scripts_and_whole_command_lines(bool isStray, string program, params string[] arguments)
    {
        Add(200, 1, program, arguments);
        Assert.Equal(isStray ? [200] : [], Find("/opt/shop/*", "[[]celeryd: shop*").Strays.Select(stray => stray.Process.Id));
    }

    [Fact]
    public void Neither_we_nor_those_before_and_after_us_are_strays() => Assert.DoesNotContain(Find("*").Strays, stray => stray.Process.Id <= 102);

    [Fact]
    public void A_process_of_a_unit_that_is_to_run_is_no_stray_and_one_that_a_stopped_unit_left_is()
    {
        Add(200, 1, "/opt/shop/bin/store", "store");
        Add(201, 1, "/bin/sleep", "sleep", "9");
        _proc.Write("200/cgroup", "0::/system.slice/store.service\n");
        _proc.Write("201/cgroup", "0::/system.slice/web.service/inner\n");
        var found = Search("/opt/shop/*").Find(["/system.slice/web.service"], ["/system.slice/store.service"]);
        Assert.Equal([(201, "left by web.service")], found.Strays.Select(stray => (stray.Process.Id, stray.Reason)));
    }

    [Fact]
    public void Zombies_and_threads_of_the_kernel_are_not_there()
    {
        Add(200, 1, "/opt/shop/bin/import");
        Add(201, 1, "/opt/shop/bin/import", "import");
        _proc.Write("201/stat", "201 (import) Z 1 " + string.Join(' ', Enumerable.Repeat("0", 20)));
        Assert.Empty(Find("/opt/shop/*").Strays);
    }

    [Theory]
    [InlineData("200\n", 0, null)]
    [InlineData(" 200 more", 0, null)]
    [InlineData("200", -3600, "process 200 is a later one, /opt/shop/bin/import")]
    [InlineData("201", 3600, "process 201 is another program, /usr/bin/vim")]
    [InlineData("999", 0, "process 999 is gone")]
    [InlineData("", 0, "it holds no number")]
    [InlineData("-5", 0, "it holds no number")]
    public void A_PID_file_is_stale_when_its_process_is_not_the_one_that_wrote_it(string text, int written, string? stale)
    {
        Add(200, 1, "/opt/shop/bin/import", "import");
        Add(201, 1, "/usr/bin/vim", "vim");
        var path = _proc.Write("run/shop/x.pid", text);
        File.SetLastWriteTimeUtc(path, DateTimeOffset.FromUnixTimeSeconds(Booted + 10 + written).UtcDateTime);
        var settings = new PlatformSettings { Groups = [], Processes = ["/opt/shop/*"], PidFiles = [$"{_proc}/r?n/*/*.pid"] };
        Assert.Equal(stale, new LeftOverSearch(settings, _proc.Path, 101).Find([], []).PidFiles.Single().Stale);
    }

    [Fact]
    public async Task PID_files_that_are_no_files_are_warned_of_and_hold_nothing_up()
    {
        var run = _proc.Folder("run");
        (await Command.RunAsync("mkfifo", [run + "/fifo.pid"])).Succeeded();
        File.CreateSymbolicLink(run + "/zero.pid", "/dev/zero");
        _proc.Write("run/huge.pid", new string('1', 100_000));
        var found = new LeftOverSearch(new PlatformSettings { Groups = [], PidFiles = [$"{run}/*.pid"] }, _proc.Path, 101).Find([], []);
        Assert.Empty(found.PidFiles);
        Assert.Equal(3, found.Warnings.Count);
        Assert.All(found.Warnings, warning => Assert.Equal("HF-PID-FILE", warning.Code));
    }

    [Fact]
    public void A_PID_file_names_only_processes_of_its_owner_and_lets_none_be_ended()
    {
        Require.Root();
        Add(200, 1, "/usr/bin/sshd", "sshd"); // root's
        Add(300, 1, "/opt/shop/bin/web", "web");
        _proc.Write("300/status", "Name:\tweb\nUid:\t65534\t65534\t65534\t65534\n");
        var (evil, own) = (_proc.Write("run/evil.pid", "200"), _proc.Write("run/own.pid", "300"));
        Engine.OwnedFileTests.Give(evil);
        Engine.OwnedFileTests.Give(own);
        var settings = new PlatformSettings { Groups = [], PidFiles = [$"{_proc}/run/*.pid"] };
        var found = new LeftOverSearch(settings, _proc.Path, 101).Find([], []);
        Assert.Equal([("process 200 belongs to another user than the file, /usr/bin/sshd", 200), (null, 300)], found.PidFiles.Select(file => (file.Stale, file.Process)));
        Assert.Equal([(300, false)], found.Strays.Select(stray => (stray.Process.Id, stray.MayEnd)));
        found = new LeftOverSearch(settings with { Processes = ["/opt/shop/*"] }, _proc.Path, 101).Find([], []);
        Assert.Equal([(300, true)], found.Strays.Select(stray => (stray.Process.Id, stray.MayEnd)));
    }

    private LeftOver Find(params string[] patterns) => Search(patterns).Find([], []);

    private LeftOverSearch Search(params string[] patterns) => new(new PlatformSettings { Groups = [], Processes = patterns }, _proc.Path, self: 101);

    /// <summary>A process that was started ten seconds after the machine.</summary>
    private void Add(int id, int parent, string program, params string[] arguments)
    {
        _proc.Write($"{id}/stat", $"{id} (a ) name) S {parent} {string.Join(' ', Enumerable.Repeat("0", 17))} 1000 0");
        _proc.Write($"{id}/cmdline", string.Concat(arguments.Select(argument => argument + "\0")));
        _proc.Write($"{id}/cgroup", "0::/user.slice\n");
        if (program.Length > 0) File.CreateSymbolicLink(_proc[$"{id}/exe"], program);
    }
}
