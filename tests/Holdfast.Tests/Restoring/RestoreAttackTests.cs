using Holdfast.Restic;
using Holdfast.Restic.Posix;
using Holdfast.Restic.Restoring;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Restoring;

/// <summary>What somebody who owns folders on the way, or has the repository's key, tries against a restore. Races are not left to luck: the swap happens in a call of the restore.</summary>
public sealed class RestoreAttackTests
{
    private const uint Nobody = 65534;

    [Theory]
    [InlineData(0)]
    [InlineData(300)] // more than stay open
    public async Task A_folder_that_is_swapped_for_a_link_during_the_restore_leads_nowhere_else(int others)
    {
        using var victim = new TempFolder();
        File.WriteAllText(victim["f"], "the victim's");
        await using var archived = await Archived.MakeAsync(folder =>
        {
            Directory.CreateDirectory(folder + "a");
            File.WriteAllText(folder + "a/f", "f");
            for (var i = 0; i < others; i++) File.WriteAllText(Directory.CreateDirectory($"{folder}b{i}").FullName + "/f", $"{i}");
            File.WriteAllText(folder + "z", "z");
            File.SetUnixFileMode(folder + "a", (UnixFileMode)0x1FF);
        });
        var before = await Tree.ListAsync(victim.Path);
        var options = new RestoreOptions { IsThere = path => path == "/z" && Swap(archived.Target + "/a", victim.Path) };
        var report = await archived.RestoreAsync(options);
        Assert.Empty(before.Differences(await Tree.ListAsync(victim.Path)));
        if (others > 0) Assert.Contains(report.Failures, failure => failure.Path.EndsWith("/a/f", StringComparison.Ordinal));
        else Assert.Equal("f", File.ReadAllText(archived.Target + "/a.moved/f"));
    }

    [Fact]
    public async Task Two_entries_of_one_name_do_not_lead_out_of_the_target()
    {
        using var victim = new TempFolder();
        victim.Write("shadow", "root");
        await using var archived = await Archived.MakeAsync(_ => { });
        await archived.ForgeAsync(content => [Forgery.File("f", content)]);
        var below = await Forgery.SaveTreeAsync(archived.Repository, [Forgery.File("shadow", (await ContentAsync(archived))[0])]);
        await archived.ForgeAsync(_ => [Forgery.Folder("e", below), Forgery.Symlink("e", victim.Path), Forgery.Folder("e", below)]);
        var before = await Tree.ListAsync(victim.Path);
        Assert.NotEmpty((await archived.RestoreAsync()).Failures);
        Assert.Empty(before.Differences(await Tree.ListAsync(victim.Path)));
        if (FileStatus.TryFind(archived.Target + "/e", out var e)) Assert.True(e.IsFolder);
    }

    [Fact]
    public async Task A_file_whose_size_is_not_that_of_its_content_is_a_failure()
    {
        await using var archived = await Archived.MakeAsync(_ => { });
        await archived.ForgeAsync(content => [
            Forgery.File("good", content), Forgery.File("long", content) with { Size = 100 }, Forgery.File("none", content) with { Content = null }]);
        var report = await archived.RestoreAsync();
        Assert.Equal((1, 2), (report.Files, report.Failures.Count));
        Assert.Equal(["good"], FolderReader.ReadNames(archived.Target));
    }

    [Fact]
    public async Task A_link_that_somebody_else_can_have_made_is_not_followed()
    {
        Require.Root();
        using var place = new TempFolder();
        var (theirs, victim) = (place.Folder("theirs"), place.Folder("victim"));
        MetadataCalls.SetOwner(theirs, Nobody, Nobody);
        await LinkAsync(victim, theirs + "/conf", Nobody);
        await LinkAsync(victim, place["conf"], 0);
        await LinkAsync(victim, place["given"], Nobody);
        await LinkAsync("theirs/conf", place["further"], 0);
        using var folder = TrustedPath.Open(place.Path, null)!.Value.Folder;
        using var open = folder.Open("theirs");
        Assert.Throws<PosixException>(() => TrustedPath.Follow(open, isTrusted: false, "conf"));
        Assert.Throws<PosixException>(() => TrustedPath.Follow(folder, isTrusted: true, "given"));
        Assert.Throws<PosixException>(() => TrustedPath.Follow(folder, isTrusted: true, "further"));
        using var followed = TrustedPath.Follow(folder, isTrusted: true, "conf")!.Value.Folder;
        Assert.Equal(FileStatus.Of(victim).Identity, followed.Status.Identity);
    }

    [Theory]
    [InlineData(Nobody, 0x1ED, "belongs to")]
    [InlineData(0u, 0x1FF, "written by other users")]
    [InlineData(0u, 0x3FF, "written by other users")]
    public async Task A_target_that_others_can_write_is_refused(uint owner, int mode, string why)
    {
        Require.Root();
        await using var archived = await Archived.MakeAsync(folder => File.WriteAllText(folder + "f", "f"));
        Directory.CreateDirectory(archived.Target);
        MetadataCalls.SetOwner(archived.Target, owner, owner);
        MetadataCalls.SetPermissions(archived.Target, (uint)mode);
        var refused = await Assert.ThrowsAsync<ResticException>(() => archived.RestoreAsync());
        Assert.Equal(ResticError.Unsafe, refused.Error);
        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
        Assert.Empty(FolderReader.ReadNames(archived.Target));
    }

    [Fact]
    public void A_target_in_a_folder_of_somebody_else_is_refused_before_anything_is_made()
    {
        Require.Root();
        using var place = new TempFolder();
        var theirs = place.Folder("theirs");
        MetadataCalls.SetOwner(theirs, Nobody, Nobody);
        Assert.Equal(ResticError.Unsafe, Assert.Throws<ResticException>(() => RestoreTarget.Check(theirs + "/new/target")).Error);
        RestoreTarget.Check(place["new/target"]);
        Assert.Empty(FolderReader.ReadNames(theirs));
        Assert.Equal(["theirs"], FolderReader.ReadNames(place.Path));
    }

    [Fact]
    public async Task A_link_that_an_earlier_restore_has_made_leads_no_later_one_out_of_the_directory()
    {
        using var victim = new TempFolder();
        using var place = new TempFolder();
        await using var archived = await Archived.MakeAsync(folder => File.WriteAllText(folder + "f", "evil"));
        LinkCalls.MakeSymlink(place["search"], victim.Path);
        foreach (var below in new[] { "search", "search/main", "search/main/deeper" })
        {
            var refused = await Assert.ThrowsAsync<ResticException>(() => RestoreAsync(place[below], new RestoreOptions { Below = place.Path }));
            Assert.Contains("would lead it out of the directory", refused.Message, StringComparison.Ordinal);
        }
        await Assert.ThrowsAsync<ResticException>(() => RestoreAsync(place["../elsewhere"], new RestoreOptions { Below = place.Path }));
        Assert.Empty(FolderReader.ReadNames(victim.Path));
        Assert.Equal(["search"], FolderReader.ReadNames(place.Path));
        // The way to the directory itself is the user's own, and so is what has no links.
        LinkCalls.MakeSymlink(victim["way"], place.Path);
        await RestoreAsync(victim["way/new/main"], new RestoreOptions { Below = victim["way"] });
        Assert.Equal("evil", File.ReadAllText(place["new/main/f"]));

        Task<RestoreReport> RestoreAsync(string target, RestoreOptions options) =>
            archived.Repository.RestoreAsync(archived.Snapshot, archived.Source, target, options, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_file_with_names_elsewhere_is_written_anew_and_they_keep_theirs()
    {
        using var elsewhere = new TempFolder();
        await using var archived = await Archived.MakeAsync(folder => File.WriteAllText(folder + "f", "same"));
        await archived.RestoreAsync();
        LinkCalls.MakeHardLink(elsewhere["victim"], archived.Target + "/f");
        MetadataCalls.SetPermissions(elsewhere["victim"], 0x100); // 0400
        await archived.RestoreAsync(new RestoreOptions { Existing = ExistingFiles.Overwrite });
        Assert.Equal(0x100u, FileStatus.Of(elsewhere["victim"]).Mode & 0xFFF);
        Assert.Empty(await archived.DifferencesAsync());
    }

    [Fact]
    public async Task Files_that_are_apart_in_the_point_and_linked_on_the_disk_are_parted()
    {
        await using var archived = await Archived.MakeAsync(folder =>
        {
            foreach (var name in new[] { "a", "b" }) File.WriteAllText(folder + name, "same");
            File.SetUnixFileMode(folder + "b", UnixFileMode.UserRead);
        });
        await archived.RestoreAsync();
        File.Delete(archived.Target + "/b");
        LinkCalls.MakeHardLink(archived.Target + "/b", archived.Target + "/a");
        await archived.RestoreAsync(new RestoreOptions { Existing = ExistingFiles.Overwrite });
        Assert.Empty(await archived.DifferencesAsync());
    }

    private static bool Swap(string folder, string victim)
    {
        Directory.Move(folder, folder + ".moved");
        File.CreateSymbolicLink(folder, victim);
        return false;
    }

    private static async Task<IReadOnlyList<Id>> ContentAsync(Archived archived) =>
        (await archived.Repository.FindNodeAsync(archived.Snapshot, archived.Source + "/f", TestContext.Current.CancellationToken))!.Content!;

    private static async Task LinkAsync(string target, string path, uint owner)
    {
        LinkCalls.MakeSymlink(path, target);
        (await Command.RunAsync("chown", ["-h", $"{owner}", path])).Succeeded();
    }
}
