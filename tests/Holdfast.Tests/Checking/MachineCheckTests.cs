using Holdfast.Engine.Checking;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Quantities;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Checking;

/// <summary>Disk and clock: figures that a machine can not be made to have are put in its place, the real machine is asked once.</summary>
public sealed class MachineCheckTests
{
    private const long GiB = 1L << 30;

    [Theory]
    [InlineData(100 * GiB, 50 * GiB, false, CheckState.Pass)]
    [InlineData(50 * GiB, 9 * GiB, false, CheckState.Warn)] // less than 10 GiB
    [InlineData(1000 * GiB, 99 * GiB, false, CheckState.Warn)] // less than 10 %
    [InlineData(1000 * GiB, 100 * GiB, false, CheckState.Pass)]
    [InlineData(50 * GiB, GiB - 1, false, CheckState.Fail)]
    [InlineData(50 * GiB, GiB, false, CheckState.Warn)]
    [InlineData(100 * GiB, 50 * GiB, true, CheckState.Fail)]
    public async Task Room_is_judged_by_bytes_and_by_percent(long total, long free, bool isReadOnly, CheckState expected) =>
        Assert.Equal(expected, (await DiskAsync(new FileSystemSpace(total, free, 0, 0, isReadOnly))).State);

    [Theory]
    [InlineData(1000, 0, CheckState.Fail)]
    [InlineData(1000, 9, CheckState.Warn)]
    [InlineData(1000, 10, CheckState.Pass)]
    [InlineData(0, 0, CheckState.Pass)] // btrfs has no limit
    public async Task Entries_may_run_out_before_bytes_do(long entries, long free, CheckState expected) =>
        Assert.Equal(expected, (await DiskAsync(new FileSystemSpace(100 * GiB, 50 * GiB, entries, free, false))).State);

    [Fact]
    public async Task The_state_directory_needs_little_room()
    {
        var space = new FileSystemSpace(100 * GiB, GiB / 2, 0, 0, false);
        var lines = await new DiskCheck([("repository", () => "/a", new DiskLimits()), ("state", () => "/b", DiskLimits.OfState)], _ => space).CheckAsync(TestContext.Current.CancellationToken);
        Assert.Equal([CheckState.Fail, CheckState.Pass], lines.Select(line => line.State));
    }

    [Fact]
    public async Task A_file_system_that_can_not_be_asked_is_unknown_and_the_others_are_asked()
    {
        var disk = new DiskCheck([("gone", () => "/a", new DiskLimits()), ("there", () => "/b", new DiskLimits())], path => path == "/a" ? throw new IOException("/a: stale") : new FileSystemSpace(100 * GiB, 50 * GiB, 0, 0, false));
        Assert.Equal([CheckState.Unknown, CheckState.Pass], (await disk.CheckAsync(TestContext.Current.CancellationToken)).Select(line => line.State));
    }

    [Fact]
    public void The_real_kernel_is_asked_as_df_asks_it()
    {
        using var folder = new TempFolder();
        var found = FileSystemSpace.Of(folder["not/there/yet"]);
        var drive = new DriveInfo(folder.Path);
        Assert.Equal(drive.TotalSize, found.Total);
        Assert.InRange(found.Free, drive.AvailableFreeSpace - GiB, drive.AvailableFreeSpace + GiB);
        Assert.False(found.IsReadOnly);
    }

    [Fact]
    public async Task A_read_only_mount_is_seen()
    {
        using var disk = new SmallDisk();
        Assert.False(FileSystemSpace.Of(disk.Path).IsReadOnly);
        (await Command.RunAsync("mount", ["-o", "remount,ro", disk.Path])).Succeeded();
        Assert.True(FileSystemSpace.Of(disk.Path).IsReadOnly);
    }

    [Fact]
    public async Task The_clock_is_synchronised_or_not_or_nobody_says()
    {
        Assert.Equal(CheckState.Pass, (await ClockAsync(() => new KernelClock(true, TimeSpan.FromMilliseconds(12)))).State);
        Assert.Equal(CheckState.Warn, (await ClockAsync(() => new KernelClock(false, TimeSpan.FromSeconds(16)))).State);
        var report = await new CheckRun([new ClockCheck(() => throw new IOException("adjtimex: Operation not permitted"))], TimeSpan.FromSeconds(10), TimeProvider.System).RunAsync([], TestContext.Current.CancellationToken);
        Assert.Equal((CheckState.Unknown, true), (report.Lines[0].State, report.Lines[0].Found.Contains("not permitted", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_real_kernel_says_of_its_clock_what_adjtimex_of_python_says()
    {
        var python = Require.Program("python3");
        const string script = "import ctypes; b=ctypes.create_string_buffer(208); r=ctypes.CDLL(None).adjtimex(b); s=int.from_bytes(b.raw[40:44],'little'); print(r<0 and 'denied' or str(r!=5 and not s&64))";
        var expected = (await Command.RunAsync(python, ["-c", script])).Succeeded().Output.Trim();
        if (expected == "denied") Assert.Throws<IOException>(() => KernelClock.Read());
        else Assert.Equal(expected, $"{KernelClock.Read().IsSynchronised}");
    }

    [Theory]
    [InlineData("500MiB", 500L << 20, "500 MiB")]
    [InlineData("10GiB", 10 * GiB, "10.0 GiB")]
    [InlineData("2TiB", 2L << 40, "2.0 TiB")]
    [InlineData("0MiB", 0, "0 B")]
    public void Sizes_are_read_and_told(string text, long bytes, string told)
    {
        Assert.Equal(bytes, ByteSize.Parse(text));
        Assert.Equal(told, ByteSize.Describe(bytes));
    }

    private static async Task<CheckLine> DiskAsync(FileSystemSpace space) =>
        Assert.Single(await new DiskCheck([("repository", () => "/var/backups", new DiskLimits())], _ => space).CheckAsync(TestContext.Current.CancellationToken));

    private static async Task<CheckLine> ClockAsync(Func<KernelClock> read) => Assert.Single(await new ClockCheck(read).CheckAsync(TestContext.Current.CancellationToken));
}
