using Holdfast.Engine.Components;
using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Holdfast.Tests.Files.Certificates;
using Xunit;

namespace Holdfast.Tests.Files;

public sealed class RestoreFilesTests
{
    private const string All = "groups: { All: [DISK/etc] }";

    [Fact]
    public async Task Below_a_target_everything_is_as_it_was()
    {
        await using var rig = await FilesRig.MakeAsync();
        rig.Disk.Write("etc/app.conf", "12345");
        File.SetUnixFileMode(rig.Disk.Write("etc/tls/key\n.pem", "secret"), UnixFileMode.UserRead);
        File.CreateSymbolicLink(rig.Disk["etc/link"], "app.conf");
        (await Command.BashAsync("""printf x > "$1"/$'etc/na\xefve'""", rig.Disk.Path)).Succeeded();
        var component = rig.Component(All);
        var point = await rig.CaptureAsync(component);

        await rig.RestoreAsync(component, point, rig.Storage["target"]);
        Assert.Empty(rig.Step.Warned);
        (await Command.RunAsync("diff", ["-r", "--no-dereference", rig.Disk.Path, rig.Storage["target"] + rig.Disk.Path])).Succeeded();
        Assert.Equal(UnixFileMode.UserRead, File.GetUnixFileMode(rig.Storage["target"] + rig.Disk["etc/tls/key\n.pem"]));
    }

    [Fact]
    public async Task In_place_what_differs_is_moved_aside_and_what_is_gone_comes_back()
    {
        await using var rig = await FilesRig.MakeAsync();
        var changed = rig.Disk.Write("etc/changed", "as it was");
        var lost = rig.Disk.Write("etc/lost", "as it was");
        rig.Disk.Write("etc/same", "as it was");
        var component = rig.Component(All);
        var point = await rig.CaptureAsync(component);
        File.WriteAllText(changed, "destroyed");
        File.Delete(lost);
        rig.Disk.Write("etc/new", "nobody's business");

        await rig.RestoreAsync(component, point);
        Assert.Equal(("as it was", "as it was"), (File.ReadAllText(changed), File.ReadAllText(lost)));
        Assert.Equal("destroyed", File.ReadAllText(rig.Disk["etc/.changed.before-test~"]));
        Assert.Equal(
            [".changed.before-test~", "changed", "lost", "new", "same"],
            Directory.GetFiles(rig.Disk["etc"]).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal),
            StringComparer.Ordinal);
        Assert.Contains(rig.Step.Noted, note => note.Contains($"{changed} differed and was moved aside, to {rig.Disk["etc/.changed.before-test~"]}", StringComparison.Ordinal));
        Assert.Empty(rig.Step.Warned);
    }

    /// <summary>The user of a service could have any certificate of root's rolled back by naming it in its own configuration.</summary>
    [Theory]
    [InlineData("nobody", false, "kept")]
    [InlineData("nobody", true, "rolled back")]
    [InlineData("root", false, "rolled back")]
    public async Task A_file_that_only_a_configuration_of_another_user_names_is_not_rolled_back(string owner, bool unselected, string expected)
    {
        Require.Root();
        await using var rig = await FilesRig.MakeAsync();
        (rig.IsOurs, rig.IsUnselected) = (true, unselected);
        using var old = TestCertificate.EllipticCurve("old", DateTimeOffset.UtcNow.AddDays(100));
        var path = rig.Disk.Write("tls/client.ovpn", $"remote OLD\n{old.Pem}");
        var lost = rig.Disk.Write("tls/lost.pem", old.Pem);
        var same = rig.Disk.Write("tls/same.pem", old.Pem);
        var configuration = rig.Disk.Write("nginx/nginx.conf", $"ssl_certificate {lost}; ssl_trusted_certificate {same}; ssl_client_certificate {path};");
        (await Command.BashAsync("""chmod 0755 "$1" "$1"/*; chmod 0644 "$1"/*/*; chown -R "$2" "$1/nginx" """, rig.Disk.Path, owner)).Succeeded();
        var component = rig.Component("groups: { Nginx: [DISK/nginx] }");
        var point = await rig.CaptureAsync(component);
        File.WriteAllText(path, "remote NEW");
        File.Delete(lost);
        File.WriteAllText(configuration, "");

        await rig.RestoreAsync(component, point, overwrite: true);
        Assert.Equal(expected == "kept" ? "remote NEW" : $"remote OLD\n{old.Pem}", File.ReadAllText(path));
        Assert.Equal(old.Pem, File.ReadAllText(lost));
        Assert.NotEmpty(File.ReadAllText(configuration));
        Assert.Equal(expected == "kept", rig.Step.Warned.Any(warning => warning.Code == "HF-RESTORE-UNSELECTED" && warning.Message.EndsWith($": {path}.", StringComparison.Ordinal)));
        Assert.Equal(expected == "kept", rig.Planned.Contains("Left as they are", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(300, "tls", true)]
    [InlineData(100, "tls", false)]
    [InlineData(30, "tls", false)]
    [InlineData(300, "nginx", false)]
    public async Task A_certificate_that_was_renewed_since_the_point_is_named_in_the_plan_of_a_restore_in_place(int days, string include, bool named)
    {
        await using var rig = await FilesRig.MakeAsync();
        using var old = TestCertificate.EllipticCurve("platform", DateTimeOffset.UtcNow.AddDays(100));
        using var standing = TestCertificate.EllipticCurve("platform", DateTimeOffset.UtcNow.AddDays(days));
        var path = rig.Disk.Write("tls/cert.pem", old.Pem);
        rig.Disk.Write("nginx/nginx.conf", "ssl_certificate ../tls/cert.pem;");
        var component = rig.Component("groups: { Nginx: [DISK/nginx, DISK/tls] }");
        var point = await rig.CaptureAsync(component);
        File.WriteAllText(path, days == 100 ? old.Pem : standing.Pem);
        await rig.RestoreAsync(component, point, target: rig.Storage["target"]);
        Assert.DoesNotContain("renewed", rig.Planned, StringComparison.Ordinal);
        await rig.RestoreAsync(component, point, include: rig.Disk[include]);
        Assert.Equal(named, rig.Planned.Contains($"renewed since then become the old ones again, with their keys: {path} (until {standing.Certificate.NotAfter.ToUniversalTime():yyyy-MM-dd}", StringComparison.Ordinal));
        Assert.Equal(named, rig.Planned.Contains("renewed", StringComparison.Ordinal));
        Assert.Equal(named, rig.Step.Noted.Any(note => note.StartsWith("Certificates that were renewed", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_data_of_another_component_is_not_among_what_the_profile_selects()
    {
        await using var rig = await FilesRig.MakeAsync();
        rig.Disk.Write("etc/app.conf", "x");
        rig.Disk.Write("nodes/0/forged", "x");
        var point = await rig.CaptureAsync(rig.Component("groups: { All: [DISK/etc, DISK/nodes] }"));
        Directory.Delete(rig.Disk["nodes"], recursive: true);
        await rig.RestoreAsync(rig.Component("groups: { All: [DISK/etc, { path: DISK/nodes, data-directory: search }] }"), point);
        Assert.False(Path.Exists(rig.Disk["nodes"]));
        Assert.Contains("nodes/0/forged", Assert.Single(rig.Step.Warned).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_profile_does_not_select_is_named_and_written_only_when_it_may_be()
    {
        await using var rig = await FilesRig.MakeAsync();
        rig.Disk.Write("etc/app.conf", "x");
        rig.Disk.Write("cron.d/evil", "x");
        var point = await rig.CaptureAsync(rig.Component("groups: { All: [DISK/etc, DISK/cron.d] }"));

        Directory.Delete(rig.Disk["cron.d"], recursive: true);
        await rig.RestoreAsync(rig.Component(All), point);
        Assert.False(Path.Exists(rig.Disk["cron.d"]));
        var warned = Assert.Single(rig.Step.Warned);
        Assert.Equal((Catalogue.RestoreUnselected.Code, true), (warned.Code, warned.Message.Contains(rig.Disk["cron.d/evil"], StringComparison.Ordinal)));

        await rig.RestoreAsync(rig.Component("groups: { None: [] }"), point);
        Assert.False(Path.Exists(rig.Disk["cron.d"]));

        rig.WritesUnselected = true;
        await rig.RestoreAsync(rig.Component(All), point);
        Assert.Equal("x", File.ReadAllText(rig.Disk["cron.d/evil"]));
        Assert.Empty(rig.Step.Warned);
        var named = Assert.Single(rig.Step.Noted, note => note.StartsWith("Not selected by the profile", StringComparison.Ordinal));
        Assert.Contains(rig.Disk["cron.d/evil"], named, StringComparison.Ordinal);
        Assert.DoesNotContain("app.conf", named, StringComparison.Ordinal);

        await rig.RestoreAsync(rig.Component(All), point, include: [rig.Disk["etc"]]);
        Assert.DoesNotContain(rig.Step.Noted, note => note.StartsWith("Not selected", StringComparison.Ordinal));
        await rig.RestoreAsync(rig.Component(All), point, rig.Storage["target"]);
        Assert.DoesNotContain(rig.Step.Noted, note => note.StartsWith("Not selected", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(1001)]
    public async Task No_file_is_written_beyond_the_selection_that_the_plan_does_not_name(int files)
    {
        await using var rig = await FilesRig.MakeAsync();
        rig.Disk.Write("etc/app.conf", "x");
        for (var number = 0; number < files; number++) rig.Disk.Write($"cron.d/[{number}]*", "x");
        var point = await rig.CaptureAsync(rig.Component("groups: { All: [DISK/etc, DISK/cron.d] }"));
        Directory.Delete(rig.Disk["cron.d"], recursive: true);
        var session = new RestoreSession { Repository = rig.Repository, Point = point, Manifest = rig.Manifest, AsideSuffix = ".x", Include = [rig.Disk.Path] };

        var step = Assert.Single(await rig.Component(All).PlanRestoreAsync(session, TestContext.Current.CancellationToken));
        Assert.Equal(files == 1000 ? 1000 : 0, session.Unselected.Count);
        Assert.Equal(files == 1000, Enumerable.Range(0, files).All(number => step.Does.Contains(rig.Disk[$"cron.d/[{number}]*"], StringComparison.Ordinal)));
        Assert.Equal(files != 1000, step.Does.Contains("left out: ", StringComparison.Ordinal));

        rig.WritesUnselected = true;
        if (files > 1000)
        {
            var refused = await Assert.ThrowsAsync<ProblemException>(() => rig.RestoreAsync(rig.Component(All), point));
            Assert.Equal((Catalogue.RestoreUnselected.Code, true), (refused.Problem.Code, refused.Problem.Hint.Contains("--target", StringComparison.Ordinal)));
            Assert.False(Path.Exists(rig.Disk["cron.d"]));
            rig.IsOurs = true;
        }
        await rig.RestoreAsync(rig.Component(All), point);
        Assert.Equal(files, Directory.GetFiles(rig.Disk["cron.d"]).Length);
    }

    [Fact]
    public async Task What_differs_is_replaced_when_that_is_asked_for()
    {
        await using var rig = await FilesRig.MakeAsync();
        var changed = rig.Disk.Write("etc/changed", "as it was");
        var component = rig.Component(All);
        var point = await rig.CaptureAsync(component);
        File.WriteAllText(changed, "destroyed");
        await rig.RestoreAsync(component, point, overwrite: true);
        Assert.Equal("as it was", File.ReadAllText(changed));
        Assert.Equal([changed], Directory.GetFiles(rig.Disk["etc"]));
    }

    [Fact]
    public async Task Folders_that_only_lead_to_what_was_captured_are_left_alone_or_made_as_they_were()
    {
        await using var rig = await FilesRig.MakeAsync();
        rig.IsOurs = true;
        rig.Disk.Write("etc/app/app.conf", "x");
        rig.Disk.Write("srv/app/app.conf", "x");
        File.SetUnixFileMode(rig.Disk["etc"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.SetUnixFileMode(rig.Disk["srv"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var component = rig.Component("groups: { All: [DISK/etc/app, DISK/srv/app] }");
        var point = await rig.CaptureAsync(component);
        const UnixFileMode today = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead;
        File.SetUnixFileMode(rig.Disk["etc"], today);
        Directory.SetLastWriteTimeUtc(rig.Disk["etc"], DateTime.UnixEpoch);
        Directory.Delete(rig.Disk["srv"], recursive: true);

        await rig.RestoreAsync(component, point);

        Assert.Equal((today, DateTime.UnixEpoch), (File.GetUnixFileMode(rig.Disk["etc"]), Directory.GetLastWriteTimeUtc(rig.Disk["etc"])));
        Assert.Equal(today & ~UnixFileMode.GroupRead, File.GetUnixFileMode(rig.Disk["srv"]));
        Assert.True(File.Exists(rig.Disk["srv/app/app.conf"]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_point_of_somebody_else_has_no_say_on_folders_that_the_profile_does_not_select(bool hasOwnProfile)
    {
        const UnixFileMode hostile = (UnixFileMode)0x1FF, hidden = (UnixFileMode)0x1C0, plain = (UnixFileMode)0x1ED;
        await using var rig = await FilesRig.MakeAsync();
        string[] folders = ["etc", "etc/ssl", "srv", "srv/app", "home", "home/app"];
        foreach (var folder in folders) rig.Disk.Write($"{folder}/file", "x");
        foreach (var folder in folders) File.SetUnixFileMode(rig.Disk[folder], folder == "home" ? hidden : hostile);
        // Without the paths that were captured, every folder looks as if it was.
        var point = await rig.CaptureAsync(rig.Component("groups: { All: [DISK/etc, DISK/srv, DISK/home] }"));
        rig.Record.Details!.AsObject().Remove("tops");
        foreach (var folder in new[] { "srv", "home" }) Directory.Delete(rig.Disk[folder], recursive: true);
        File.Delete(rig.Disk["etc/ssl/file"]);
        foreach (var folder in new[] { "etc/ssl", "etc" })
        {
            File.SetUnixFileMode(rig.Disk[folder], hidden);
            Directory.SetLastWriteTimeUtc(rig.Disk[folder], DateTime.UnixEpoch);
        }

        (rig.WritesUnselected, rig.HasOwnProfile) = (true, hasOwnProfile);
        await rig.RestoreAsync(rig.Component("groups: { All: [DISK/srv/app, DISK/home/app] }"), point);

        Assert.Equal(("x", "x", "x"), (File.ReadAllText(rig.Disk["etc/ssl/file"]), File.ReadAllText(rig.Disk["srv/app/file"]), File.ReadAllText(rig.Disk["home/app/file"])));
        Assert.Equal((hidden, hidden, DateTime.UnixEpoch), (File.GetUnixFileMode(rig.Disk["etc"]), File.GetUnixFileMode(rig.Disk["etc/ssl"]), Directory.GetLastWriteTimeUtc(rig.Disk["etc"])));
        Assert.Equal((hostile, hostile), (File.GetUnixFileMode(rig.Disk["srv/app"]), File.GetUnixFileMode(rig.Disk["home/app"])));
        Assert.Equal((hasOwnProfile ? hostile : plain, hidden), (File.GetUnixFileMode(rig.Disk["srv"]), File.GetUnixFileMode(rig.Disk["home"])));
        Assert.Equal(!hasOwnProfile, rig.Step.Noted.Any(note => note.StartsWith("Made for this user", StringComparison.Ordinal) && note.Contains(rig.Disk["srv"], StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Only_what_is_included_comes_back()
    {
        await using var rig = await FilesRig.MakeAsync();
        rig.Disk.Write("etc/a.conf", "x");
        rig.Disk.Write("etc/b.txt", "x");
        var component = rig.Component(All);
        var point = await rig.CaptureAsync(component);
        await rig.RestoreAsync(component, point, rig.Storage["target"], include: ["*.conf"]);
        Assert.Equal(
            [rig.Storage["target"] + rig.Disk["etc/a.conf"]],
            Directory.GetFiles(rig.Storage["target"], "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_restore_in_place_is_said_to_destroy_and_one_below_a_target_is_not()
    {
        await using var rig = await FilesRig.MakeAsync();
        rig.Disk.Write("etc/a.conf", "x");
        var component = rig.Component(All);
        var point = await rig.CaptureAsync(component);
        foreach (var target in new[] { null, "/somewhere/else" })
        {
            var session = new RestoreSession { Repository = rig.Repository, Point = point, Manifest = rig.Manifest, Target = target, AsideSuffix = ".x" };
            var step = Assert.Single(await component.PlanRestoreAsync(session, TestContext.Current.CancellationToken));
            Assert.Equal(target is null, step.Destroys);
            Assert.Null(step.Undo);
        }
    }

    [Fact]
    public async Task A_point_without_files_has_nothing_to_restore()
    {
        await using var rig = await FilesRig.MakeAsync();
        var component = rig.Component(All);
        var point = await rig.CaptureAsync(component);
        rig.Manifest.Components.Clear();
        var session = new RestoreSession { Repository = rig.Repository, Point = point, Manifest = rig.Manifest, AsideSuffix = ".x" };
        Assert.Empty(await component.PlanRestoreAsync(session, TestContext.Current.CancellationToken));
    }
}
