using Holdfast.Components.Systemd;
using Holdfast.Engine.Hosts;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Systemd;

/// <summary>Against a /proc of files, so that any process can be there.</summary>
public sealed class LeftOverSearchTests : IDisposable
{
    private const long Booted = 1_700_000_000;
    private readonly TempFolder _proc = new();
    private readonly IReadOnlySet<uint> _users;

    public LeftOverSearchTests()
    {
        _proc.Write("stat", $"cpu 1 2 3\nbtime {Booted}\n");
        Add(1, 0, "/usr/lib/systemd/systemd", "/sbin/init");
        Add(100, 1, "/usr/bin/bash", "bash", "-c", "holdfast /opt/shop/x");
        Add(101, 100, "/usr/bin/holdfast", "holdfast", "platform", "stop", "/opt/shop/x");
        Add(102, 101, "/usr/bin/systemctl", "systemctl", "stop", "/opt/shop/x");
        using var stat = OwnedFile.Open(_proc["stat"]); // of whoever runs the tests
        _users = new HashSet<uint> { 0, 65534, stat.User };
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
        var found = Search("/opt/shop/*").Find(["/system.slice/web.service"], ["/system.slice/store.service"], _users);
        Assert.Equal([(201, "left by web.service")], found.Strays.Select(stray => (stray.Process.Id, stray.Reason)));
    }

    [Fact]
    public void Processes_of_users_that_run_nothing_of_the_platform_are_told_whatever_they_call_themselves_and_hold_nothing_up()
    {
        var lent = _proc.Write("bin/lent", "");
        File.SetUnixFileMode(lent, UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.SetUser);
        Add(200, 1, "/usr/bin/sleep", "/opt/shop/x", "500");
        Add(201, 1, "/usr/bin/python3", "python3", "/opt/shop/run.py");
        Add(202, 1, "/opt/shop/bin/import", "import");
        Add(203, 1, lent, "/opt/shop/x"); // root's, but whoever has started it has named it
        Add(204, 1, "/usr/bin/sleep", "/opt/shop/x", "500");
        Add(205, 1, "/usr/bin/vim", "vim");
        foreach (var id in new[] { 200, 201, 202, 205 }) _proc.Write($"{id}/status", "Name:\tx\nUid:\t1001\t1001\t1001\t1001\n");
        var found = Find("/opt/shop/*");
        Assert.Equal([204], found.Strays.Select(stray => stray.Process.Id));
        Assert.Equal([200, 201, 202, 203], found.Foreign.Select(stray => stray.Process.Id));
        Each.Holds(found.Foreign, stray => Assert.False(stray.MayEnd));
    }

    [Fact]
    public async Task The_users_of_the_platform_are_root_ours_those_that_units_name_and_those_that_run_in_them()
    {
        Add(200, 1, "/usr/sbin/nginx", "nginx");
        _proc.Write("200/cgroup", "0::/system.slice/web.service\n");
        _proc.Write("200/status", "Name:\tx\nUid:\t1002\t1002\t1002\t1002\n");
        Add(201, 1, "/usr/bin/vim", "vim");
        _proc.Write("201/status", "Name:\tx\nUid:\t1001\t1001\t1001\t1001\n");
        UnitState[] units = [Unit("web.service", ""), Unit("work.service", "shop"), Unit("lost.service", "nobody-knows")];
        var host = new ScriptedHost().On("id", call => call.Arguments[^1] == "shop" ? new ScriptedHost.Answer("1003\n") : new ScriptedHost.Answer("", "no such user", 1));
        var users = await Search().FindUsersAsync(units, host, TestContext.Current.CancellationToken);
        Assert.Equal(_users.Where(user => user != 65534).Append(1002u).Append(1003u).Order(), users.Order());

        static UnitState Unit(string name, string user) => new(new Dictionary<string, string>(StringComparer.Ordinal) { ["Id"] = name, ["User"] = user, ["ControlGroup"] = $"/system.slice/{name}" });
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
        Assert.Equal(stale, new LeftOverSearch(settings, _proc.Path, 101).Find([], [], _users).PidFiles.Single().Stale);
    }

    [Fact]
    public async Task PID_files_that_are_no_files_are_warned_of_and_hold_nothing_up()
    {
        var run = _proc.Folder("run");
        (await Command.RunAsync("mkfifo", [run + "/fifo.pid"])).Succeeded();
        File.CreateSymbolicLink(run + "/zero.pid", "/dev/zero");
        _proc.Write("run/huge.pid", new string('1', 100_000));
        var found = new LeftOverSearch(new PlatformSettings { Groups = [], PidFiles = [$"{run}/*.pid"] }, _proc.Path, 101).Find([], [], _users);
        Assert.Empty(found.PidFiles);
        Assert.Equal(3, found.Warnings.Count);
        Each.Holds(found.Warnings, warning => Assert.Equal("HF-PID-FILE", warning.Code));
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
        var found = new LeftOverSearch(settings, _proc.Path, 101).Find([], [], _users);
        Assert.Equal([("process 200 belongs to another user than the file, /usr/bin/sshd", 200), (null, 300)], found.PidFiles.Select(file => (file.Stale, file.Process)));
        Assert.Equal([(300, false)], found.Strays.Select(stray => (stray.Process.Id, stray.MayEnd)));
        found = new LeftOverSearch(settings with { Processes = ["/opt/shop/*"] }, _proc.Path, 101).Find([], [], _users);
        Assert.Equal([(300, true)], found.Strays.Select(stray => (stray.Process.Id, stray.MayEnd)));
        found = new LeftOverSearch(settings, _proc.Path, 101).Find([], [], _users.Where(user => user != 65534).ToHashSet());
        Assert.Empty(found.Strays); // the file is of somebody who runs nothing of the platform
    }

    private LeftOver Find(params string[] patterns) => Search(patterns).Find([], [], _users);

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
