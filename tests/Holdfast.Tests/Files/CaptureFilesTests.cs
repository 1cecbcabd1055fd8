using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Restic.Maintenance;
using Holdfast.Testing;
using Holdfast.Tests.Files.Certificates;
using Xunit;

namespace Holdfast.Tests.Files;

public sealed class CaptureFilesTests
{
    /// <summary>Reading so much takes longer than a writer has to wait for its turn on a busy machine. 32 MiB.</summary>
    private const int Long = 32 << 20;

    [Fact]
    public async Task A_profile_decides_what_is_captured_and_the_manifest_tells_what_became_of_it()
    {
        await using var rig = await FilesRig.MakeAsync();
        rig.Disk.Write("etc/app.conf", "12345");
        rig.Disk.Write("etc/conf.d/a\nb.conf", "x");
        rig.Disk.Write("etc/conf.d/cache/x.pyc", "x");
        rig.Disk.Write("etc/conf.d/sub/c.conf", "x");
        DataFolders.Postgres(rig.Disk, "srv/pgsql/data");
        rig.Disk.Write("srv/readme", "x");
        var point = await rig.CaptureAsync(rig.Component("""
            groups:
              General:
                - DISK/etc/app.conf
                - DISK/etc/missing.conf
                - { path: DISK/etc/optional.conf, optional: true }
              Rest:
                - DISK/etc/conf.*
                - DISK/srv
            exclude: ["*.pyc"]
            """));

        Assert.Equal(["etc/app.conf", "etc/conf.d/a\nb.conf", "etc/conf.d/sub/c.conf", "srv/readme"], await rig.ListAsync(point));
        Assert.Equal([Catalogue.FilesMissing.Code, Catalogue.FilesDatabase.Code], rig.Step.Warned.Select(problem => problem.Code), StringComparer.Ordinal);
        Assert.Equal(("files", "/files", false), (rig.Record.Kind, rig.Record.Path, rig.Record.Complete));
        Assert.Equal((4L, 8L, 1L), (rig.Record.Counts["files"], rig.Record.Counts["bytes"], rig.Record.Counts["missing"]));
        var states = rig.Record.Details!["groups"]!["General"]!.AsArray().Select(line => (string?)line!["state"]);
        Assert.Equal(["captured", "missing", "absent"], states, StringComparer.Ordinal);
    }

    [Fact]
    public async Task A_folder_nearly_as_deep_as_a_path_can_be_is_captured()
    {
        await using var rig = await FilesRig.MakeAsync();
        var deep = string.Concat(Enumerable.Repeat("d/", 1900));
        rig.Disk.Write($"srv/{deep}file", "x");
        var point = await rig.CaptureAsync(rig.Component("""
            groups:
              General: [DISK/srv]
            """));
        Assert.Equal([$"srv/{deep}file"], await rig.ListAsync(point));
        Assert.Empty(rig.Step.Warned);
    }

    [Fact]
    public async Task What_changes_before_the_platform_stands_still_is_captured_as_it_stands_then()
    {
        await using var rig = await FilesRig.MakeAsync();
        rig.Manifest.Mode = BackupMode.Quiesced;
        rig.Disk.Write("etc/same", "the same");
        rig.Disk.Write("etc/changing", "before");
        rig.Disk.Write("etc/deep/going", "x");
        rig.Disk.Write("etc/unreadable", "x");
        var point = await rig.CaptureAsync(rig.Component("groups: { All: [DISK/etc] }"), beforeMark: () =>
        {
            rig.Disk.Write("etc/changing", "at the mark");
            rig.Disk.Write("etc/deep/coming", "new");
            File.Delete(rig.Disk["etc/deep/going"]);
        });
        Assert.Equal(["etc/changing", "etc/deep/coming", "etc/same", "etc/unreadable"], await rig.ListAsync(point));
        var changed = await rig.Repository.FindNodeAsync(point, "/files" + rig.Disk["etc/changing"], TestContext.Current.CancellationToken);
        using var reader = new StreamReader(rig.Repository.OpenFile(changed!));
        Assert.Equal("at the mark", await reader.ReadToEndAsync(TestContext.Current.CancellationToken));
        Assert.Contains("2 files had changed since they were captured.", rig.Step.Noted);
        Assert.True((await rig.Repository.CheckAsync(new CheckOptions { ReadData = ReadSubset.All }, TestContext.Current.CancellationToken)).IsClean);
    }

    [Fact]
    public async Task Figures_of_the_step_reach_the_totals()
    {
        await using var rig = await FilesRig.MakeAsync();
        rig.Disk.Write("etc/a", "12345");
        rig.Disk.Write("etc/b", "678");
        await rig.CaptureAsync(rig.Component("groups: { All: [DISK/etc] }"));
        var counters = rig.Step.Counters;
        counters.Refresh!(counters);
        Assert.Equal((2, 8, 2, 8), (counters.ItemsTotal, counters.BytesTotal, counters.ItemsDone, counters.BytesDone));
        Assert.True(rig.Record.Complete);
        Assert.Empty(rig.Step.Warned);
    }

    [Fact]
    public async Task Certificates_and_their_keys_come_along_once()
    {
        await using var rig = await FilesRig.MakeAsync();
        using var made = TestCertificate.EllipticCurve("platform", DateTimeOffset.UtcNow.AddDays(10));
        rig.Disk.Write("tls/cert.pem", made.Pem);
        File.SetUnixFileMode(rig.Disk.Write("tls/key.pem", made.KeyPem), UnixFileMode.UserRead);
        rig.Disk.Write("nginx/nginx.conf", "ssl_certificate ../tls/cert.pem; ssl_certificate_key ../tls/key.pem;");
        var point = await rig.CaptureAsync(rig.Component("groups: { Nginx: [DISK/nginx, DISK/tls/cert.pem] }"));
        Assert.Equal(["nginx/nginx.conf", "tls/cert.pem", "tls/key.pem"], await rig.ListAsync(point));
        Assert.Equal(Catalogue.CertificateExpiring.Code, Assert.Single(rig.Step.Warned).Code);
        Assert.Equal("CN=platform", (string?)rig.Record.Details!["certificates"]![0]!["certificates"]![0]!["subject"]);
        Assert.True(rig.Record.Complete);
    }

    [Fact]
    public async Task A_folder_that_is_a_link_stays_a_link_and_what_it_leads_to_comes_along()
    {
        await using var rig = await FilesRig.MakeAsync();
        rig.Disk.Write("releases/7/app.conf", "x");
        Directory.CreateSymbolicLink(rig.Disk["current"], "releases/7");
        var point = await rig.CaptureAsync(rig.Component("groups: { App: [DISK/current/app.conf] }"));
        Assert.Equal(["current", "releases/7/app.conf"], await rig.ListAsync(point));
    }

    [Fact]
    public async Task A_name_that_is_not_UTF_8_is_captured()
    {
        await using var rig = await FilesRig.MakeAsync();
        (await Command.BashAsync("""printf x > "$1"/$'na\xefve.conf'""", rig.Disk.Path)).Succeeded();
        var point = await rig.CaptureAsync(rig.Component("groups: { All: [DISK/*.conf] }"));
        Assert.Equal(["na\uDCEFve.conf"], await rig.ListAsync(point));
        Assert.Contains("ve.conf", rig.Record.Details!.ToJsonString());
    }

    [Fact]
    public async Task A_file_that_changes_with_every_reading_is_kept_with_a_warning()
    {
        await using var rig = await FilesRig.MakeAsync();
        var path = rig.Disk.Write("log", new string('x', Long));
        using var stop = new CancellationTokenSource();
        var writing = Task.Factory.StartNew(() => AppendUntil(path, stop.Token), TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await Eventually.HoldsAsync("the file grows", () => new FileInfo(path).Length != Long);
        var point = await rig.CaptureAsync(rig.Component("groups: { All: [DISK/log] }"));
        await stop.CancelAsync();
        await writing;
        Assert.Equal(["log"], await rig.ListAsync(point));
        Assert.Equal(Catalogue.FilesChanged.Code, Assert.Single(rig.Step.Warned).Code);
        Assert.True(rig.Record.Complete);
    }

    [Fact]
    public async Task Nothing_of_a_profile_is_there_and_the_point_says_so()
    {
        await using var rig = await FilesRig.MakeAsync();
        var point = await rig.CaptureAsync(rig.Component("groups: { All: [DISK/nothing, DISK/*.conf] }"));
        Assert.Empty(await rig.ListAsync(point));
        Assert.Equal(2, rig.Step.Warned.Count);
        Assert.False(rig.Record.Complete);
    }

    [Fact]
    public async Task Probing_tells_what_a_backup_would()
    {
        await using var rig = await FilesRig.MakeAsync();
        var problems = await rig.Component("groups: { All: [DISK/nothing] }").ProbeAsync(TestContext.Current.CancellationToken);
        Assert.Equal(Catalogue.FilesMissing.Code, Assert.Single(problems).Code);
    }

    private static void AppendUntil(string path, CancellationToken stop)
    {
        using var file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        while (!stop.IsCancellationRequested) file.WriteByte((byte)'x');
    }
}
