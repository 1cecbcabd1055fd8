using Holdfast.Restic;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Posix;
using Holdfast.Restic.Restoring;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Restoring;

public sealed class RestorerTests
{
    [Fact]
    public async Task A_tree_comes_back_as_it_was()
    {
        await using var archived = await Archived.MakeAsync(Fill);
        var report = await archived.RestoreAsync();
        Assert.Empty(report.Failures);
        Assert.Empty(report.MovedAside);
        Assert.Empty(await archived.DifferencesAsync());
    }

    [Fact]
    public async Task What_is_the_same_already_is_kept_and_not_touched()
    {
        await using var archived = await Archived.MakeAsync(Fill);
        await archived.RestoreAsync();
        var before = FileStatus.Of(archived.Target + "/sub/plain").Inode;
        var report = await archived.RestoreAsync();
        Assert.Equal(report.Files + report.Directories + report.Others, report.Kept);
        Assert.Equal(before, FileStatus.Of(archived.Target + "/sub/plain").Inode);
        Assert.Empty(await archived.DifferencesAsync());
    }

    [Fact]
    public async Task A_file_that_differs_is_moved_aside_and_aside_names_are_never_reused()
    {
        await using var archived = await Archived.MakeAsync(folder => File.WriteAllText(folder + "f", "new"));
        Directory.CreateDirectory(archived.Target);
        foreach (var old in new[] { "old", "older" })
        {
            File.WriteAllText(archived.Target + "/f", old);
            var moved = Assert.Single((await archived.RestoreAsync(new RestoreOptions { AsideSuffix = ".aside" })).MovedAside);
            Assert.Equal(old, File.ReadAllText(moved.Aside!));
            Assert.Equal("new", File.ReadAllText(archived.Target + "/f"));
        }
        Assert.Equal([".f.aside.1~", ".f.aside~", "f"], Names(archived.Target));
    }

    [Fact]
    public async Task Overwriting_replaces_files_and_leaves_nothing_aside()
    {
        await using var archived = await Archived.MakeAsync(folder => File.WriteAllText(folder + "f", "new"));
        Directory.CreateDirectory(archived.Target);
        File.WriteAllText(archived.Target + "/f", "old");
        Assert.Empty((await archived.RestoreAsync(new RestoreOptions { Existing = ExistingFiles.Overwrite })).MovedAside);
        Assert.Equal("new", File.ReadAllText(archived.Target + "/f"));
        Assert.Equal(["f"], Names(archived.Target));
    }

    [Fact]
    public async Task The_same_content_with_another_time_is_not_written_again()
    {
        await using var archived = await Archived.MakeAsync(folder => File.WriteAllText(folder + "f", "same"));
        Directory.CreateDirectory(archived.Target);
        File.WriteAllText(archived.Target + "/f", "same");
        File.SetLastWriteTimeUtc(archived.Target + "/f", DateTime.UnixEpoch);
        var before = FileStatus.Of(archived.Target + "/f").Inode;
        Assert.Empty((await archived.RestoreAsync()).MovedAside);
        Assert.Equal(before, FileStatus.Of(archived.Target + "/f").Inode);
        Assert.Empty(await archived.DifferencesAsync());
    }

    [Fact]
    public async Task Content_that_differs_behind_the_same_size_and_time_is_found_unless_times_are_trusted()
    {
        await using var archived = await Archived.MakeAsync(folder => File.WriteAllText(folder + "f", "good"));
        await archived.RestoreAsync();
        var time = FileStatus.Of(archived.Target + "/f").ModifyTime;
        File.WriteAllText(archived.Target + "/f", "evil");
        MetadataCalls.SetTimes(archived.Target + "/f", time, time);
        Assert.Empty((await archived.RestoreAsync(new RestoreOptions { TrustTimes = true })).MovedAside);
        Assert.Single((await archived.RestoreAsync()).MovedAside);
        Assert.Equal("good", File.ReadAllText(archived.Target + "/f"));
    }

    [Fact]
    public async Task A_symlink_in_place_of_a_folder_does_not_lead_out_of_the_target()
    {
        await using var archived = await Archived.MakeAsync(Fill);
        using var outside = new TempFolder();
        Directory.CreateDirectory(archived.Target);
        File.CreateSymbolicLink(archived.Target + "/sub", outside.Path);
        var moved = Assert.Single((await archived.RestoreAsync()).MovedAside);
        Assert.Equal(archived.Target + "/sub", moved.Path);
        Assert.Empty(Names(outside.Path));
        File.Delete(moved.Aside!);
        Assert.Empty(await archived.DifferencesAsync());
    }

    [Fact]
    public async Task A_folder_in_place_of_a_file_is_moved_aside_with_all_in_it()
    {
        await using var archived = await Archived.MakeAsync(folder => File.WriteAllText(folder + "f", "new"));
        Directory.CreateDirectory(archived.Target + "/f");
        File.WriteAllText(archived.Target + "/f/kept", "kept");
        var moved = Assert.Single((await archived.RestoreAsync(new RestoreOptions { Existing = ExistingFiles.Overwrite })).MovedAside);
        Assert.Equal("kept", File.ReadAllText(moved.Aside + "/kept"));
        Assert.Equal("new", File.ReadAllText(archived.Target + "/f"));
    }

    [Fact]
    public async Task A_dry_run_says_the_same_and_changes_nothing()
    {
        await using var archived = await Archived.MakeAsync(Fill);
        var fresh = await archived.RestoreAsync(new RestoreOptions { DryRun = true });
        Assert.False(Directory.Exists(archived.Target));
        Directory.CreateDirectory(archived.Target);
        File.WriteAllText(archived.Target + "/big", "old");
        var dry = await archived.RestoreAsync(new RestoreOptions { DryRun = true });
        Assert.Equal(["big"], Names(archived.Target));
        var real = await archived.RestoreAsync();
        Assert.Equal((real.Files, real.Directories, real.Others, real.MovedAside.Single()), (dry.Files, dry.Directories, dry.Others, dry.MovedAside.Single()));
        Assert.Equal((real.Files, real.Directories, real.Others), (fresh.Files, fresh.Directories, fresh.Others));
    }

    [Fact]
    public async Task Patterns_choose_what_is_restored()
    {
        await using var archived = await Archived.MakeAsync(Fill);
        await archived.RestoreAsync(new RestoreOptions { Include = ["/sub"], Exclude = ["hard"] });
        Assert.Equal(["sub"], Names(archived.Target));
        Assert.Equal(["empty", "plain"], Names(archived.Target + "/sub"));
    }

    [Fact]
    public async Task Left_overs_of_a_killed_restore_are_removed_and_files_of_the_user_are_not()
    {
        await using var archived = await Archived.MakeAsync(Fill);
        Directory.CreateDirectory(archived.Target + "/sub");
        var names = new TemporaryName();
        var (folder, theirs) = (names.Next(), ".holdfast-0123456789abcdef01234567.tmp");
        File.WriteAllText($"{archived.Target}/{names.Next()}", "");
        File.WriteAllText($"{archived.Target}/sub/{names.Next()}", "");
        Directory.CreateDirectory($"{archived.Target}/sub/{folder}");
        File.WriteAllText($"{archived.Target}/sub/{theirs}", "");
        Assert.Empty((await archived.RestoreAsync()).Failures);
        Assert.Equal(
            new[] { $"only right: sub/{folder}", $"only right: sub/{theirs}" }.Order(StringComparer.Ordinal),
            (await archived.DifferencesAsync()).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_damaged_blob_fails_only_the_files_that_need_it()
    {
        await using var archived = await Archived.MakeAsync(folder =>
        {
            for (var i = 0; i < 20; i++) File.WriteAllBytes($"{folder}{i:d2}", Noise(100_000, i));
        });
        var pack = archived.Backend.Names(FileKind.Pack).MaxBy(name => archived.Backend[FileKind.Pack, name].Length)!;
        archived.Backend[FileKind.Pack, pack][archived.Backend[FileKind.Pack, pack].Length / 2] ^= 1;
        var report = await archived.RestoreAsync();
        var failure = Assert.Single(report.Failures);
        Assert.Contains(pack[..8], failure.Error, StringComparison.Ordinal);
        Assert.Equal(19, report.Files);
        Assert.Equal([$"only left: {failure.Path[(archived.Target.Length + 1)..]}"], await archived.DifferencesAsync());
    }

    [Fact]
    public async Task What_lies_before_the_end_of_a_truncated_pack_is_restored()
    {
        await using var archived = await Archived.MakeAsync(folder =>
        {
            for (var i = 0; i < 20; i++) File.WriteAllBytes($"{folder}{i:d2}", Noise(100_000, i));
        });
        var pack = archived.Backend.Names(FileKind.Pack).MaxBy(name => archived.Backend[FileKind.Pack, name].Length)!;
        archived.Backend[FileKind.Pack, pack] = archived.Backend[FileKind.Pack, pack][..1_050_000];
        var report = await archived.RestoreAsync();
        Assert.Equal((10, 10), (report.Files, report.Failures.Count));
        Each.Holds(await archived.DifferencesAsync(), line => Assert.StartsWith("only left: ", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_cancelled_restore_leaves_no_temporary_file()
    {
        await using var archived = await Archived.MakeAsync(folder =>
        {
            for (var i = 0; i < 10; i++) File.WriteAllBytes($"{folder}{i:d2}", Noise(1_000_000, i));
        });
        using var cancel = new CancellationTokenSource();
        var options = new RestoreOptions { OnNode = _ => cancel.Cancel() };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => archived.RestoreAsync(options, cancel.Token));
        Assert.DoesNotContain(Names(archived.Target), TemporaryName.IsTemporary);
        Assert.Empty((await archived.RestoreAsync()).Failures);
        Assert.Empty(await archived.DifferencesAsync());
    }

    [Fact]
    public async Task A_hole_takes_no_room()
    {
        await using var archived = await Archived.MakeAsync(folder =>
        {
            using var file = File.Create(folder + "sparse");
            file.SetLength(40 << 20);
            file.Position = 20 << 20;
            file.Write(Noise(5000, 1));
        });
        await archived.RestoreAsync();
        Assert.Empty(await archived.DifferencesAsync());
        Assert.InRange(FileStatus.Of(archived.Target + "/sparse").Blocks * 512, 1ul, 1ul << 20);
    }

    [Fact]
    public async Task A_small_memory_limit_is_enough_for_large_files()
    {
        await using var archived = await Archived.MakeAsync(folder => File.WriteAllBytes(folder + "big", Noise(12 << 20, 1)), new OpenOptions { MemoryLimit = 1 << 20 });
        await archived.RestoreAsync();
        Assert.Empty(await archived.DifferencesAsync());
    }

    [Fact]
    public async Task Another_type_at_the_place_of_each_node_is_moved_aside()
    {
        await using var archived = await Archived.MakeAsync(Fill);
        Directory.CreateDirectory(archived.Target + "/link");
        Directory.CreateDirectory(archived.Target + "/fifo");
        File.WriteAllText(archived.Target + "/sub", "");
        File.CreateSymbolicLink(archived.Target + "/big", "/nowhere");
        var report = await archived.RestoreAsync();
        Assert.Equal(["big", "fifo", "link", "sub"], report.MovedAside.Select(node => Path.GetFileName(node.Path)).Order(StringComparer.Ordinal));
        Assert.Empty(report.Failures);
        foreach (var moved in report.MovedAside) EntryRemoved(moved.Aside!);
        Assert.Empty(await archived.DifferencesAsync());
    }

    [Fact]
    public async Task A_file_streams_as_it_was_stored()
    {
        var content = Noise(10_000_000, 7);
        await using var archived = await Archived.MakeAsync(folder => File.WriteAllBytes(folder + "f", content));
        var node = await archived.Repository.FindNodeAsync(archived.Snapshot, archived.Source + "/f", TestContext.Current.CancellationToken);
        using var copy = new MemoryStream();
        await using (var stream = archived.Repository.OpenFile(node!))
            await stream.CopyToAsync(copy, TestContext.Current.CancellationToken);
        Assert.True(copy.ToArray().AsSpan().SequenceEqual(content));
        await using var again = archived.Repository.OpenFile(node!);
        var first = new byte[5_000_000];
        again.ReadExactly(first);
        Assert.True(content.AsSpan(0, first.Length).SequenceEqual(first));
    }

    [Fact]
    public async Task A_damaged_blob_ends_a_stream_with_damage()
    {
        await using var archived = await Archived.MakeAsync(folder => File.WriteAllBytes(folder + "f", Noise(100_000, 7)));
        var pack = archived.Backend.Names(FileKind.Pack).MaxBy(name => archived.Backend[FileKind.Pack, name].Length)!;
        archived.Backend[FileKind.Pack, pack][5] ^= 1;
        var node = await archived.Repository.FindNodeAsync(archived.Snapshot, archived.Source + "/f", TestContext.Current.CancellationToken);
        await using var stream = archived.Repository.OpenFile(node!);
        var error = await Assert.ThrowsAsync<ResticException>(() => stream.CopyToAsync(Stream.Null, TestContext.Current.CancellationToken));
        Assert.Equal(ResticError.Damaged, error.Error);
    }

    [Fact]
    public async Task A_path_that_is_not_in_the_snapshot_is_not_found()
    {
        await using var archived = await Archived.MakeAsync(Fill);
        var error = await Assert.ThrowsAsync<ResticException>(() =>
            archived.Repository.RestoreAsync(archived.Snapshot, "/none", archived.Target, new RestoreOptions(), TestContext.Current.CancellationToken));
        Assert.Equal(ResticError.NoSuchName, error.Error);
    }

    [Fact]
    public async Task A_single_file_is_restored_into_the_target()
    {
        await using var archived = await Archived.MakeAsync(Fill);
        await archived.Repository.RestoreAsync(archived.Snapshot, archived.Source + "/sub/plain", archived.Target, new RestoreOptions(), TestContext.Current.CancellationToken);
        Assert.Equal("plain", File.ReadAllText(archived.Target + "/plain"));
    }

    private static void Fill(string folder)
    {
        Directory.CreateDirectory(folder + "sub/empty");
        File.WriteAllText(folder + "sub/plain", "plain");
        LinkCalls.MakeHardLink(folder + "hard", folder + "sub/plain");
        File.WriteAllText(folder + "nothing", "");
        File.WriteAllBytes(folder + "big", Noise(5_000_000, 3));
        LinkCalls.MakeSymlink(folder + "link", "sub/\uDCFFplain");
        EntryCalls.MakeNode(folder + "fifo", 0x1180, 0);
        foreach (var name in new[] { "new\nline", "q\"uo\\te", "stray\uDCFF", "é😀<&>", new string('x', 255), new string('é', 127) })
            FileCalls.CreateNew(folder + name).Dispose();
        MetadataCalls.SetPermissions(folder + "nothing", 0xDED); // 06755
        MetadataCalls.SetTimes(folder + "nothing", new Timestamp(1, 2, 0), new Timestamp(-3, 4, 0));
        MetadataCalls.SetTimes(folder + "sub", new Timestamp(1, 2, 0), new Timestamp(5, 6, 0));
        MetadataCalls.SetPermissions(folder + "sub/empty", 0x140); // 0500
    }

    private static byte[] Noise(int length, int seed)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static void EntryRemoved(string path)
    {
        if (FileStatus.Of(path).Mode >> 12 == 4) EntryCalls.RemoveFolder(path);
        else EntryCalls.Unlink(path);
    }

    private static IEnumerable<string> Names(string folder) => FolderReader.ReadNames(folder).Order(StringComparer.Ordinal);
}
