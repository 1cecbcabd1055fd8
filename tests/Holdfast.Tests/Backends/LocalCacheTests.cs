using System.Globalization;
using System.Text;
using Holdfast.Restic;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Maintenance;
using Holdfast.Restic.Snapshots;
using Holdfast.Testing;
using Holdfast.Tests.Hostile;
using Xunit;

namespace Holdfast.Tests.Backends;

/// <summary>What is kept of a repository on another machine: it saves requests, and is never believed.</summary>
public sealed class LocalCacheTests : IDisposable
{
    private const string Password = "password";

    private readonly TempFolder _folder = new();
    private readonly MemoryBackend _store = new();
    private readonly ManualClock _clock = new();

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_was_read_once_is_not_read_again_but_listed()
    {
        await FillAsync(_store, points: 3);
        var cold = await WalkAsync(_store);
        var (warm, asked) = await WatchAsync(_store);
        Assert.Equal(cold, warm);
        Assert.Equal(["list Index", "list Snapshot", "read Config", "read Key"], asked.Select(Kind).Order(StringComparer.Ordinal));
        Each.Holds(Directory.GetDirectories(_folder["cache"], "*", SearchOption.AllDirectories).Append(_folder["cache"]), folder =>
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(folder)));
        Assert.StartsWith("Signature: 8a477f597d28d172789f06886806bc55", await File.ReadAllTextAsync(_folder["cache/CACHEDIR.TAG"], Now), StringComparison.Ordinal);
    }

    public static TheoryData<string> Damages { get; } = ["flipped", "truncated", "emptied", "longer", "folder", "link", "foreign"];

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task What_is_not_what_was_stored_is_read_again(string damage)
    {
        await FillAsync(_store, points: 2);
        var expected = await WalkAsync(_store);
        var files = Cached();
        Assert.Equal(6, files.Count); // an index, a snapshot and a pack of trees for each point
        foreach (var file in files) Damage(file, damage, files);

        var (found, asked) = await WatchAsync(_store);
        Assert.Equal(expected, found);
        Assert.Contains(asked, request => Kind(request) == "read Snapshot");
        if (damage == "folder") return; // it is in the way: the cache is off
        var (_, after) = await WatchAsync(_store);
        Assert.DoesNotContain(after, request => Kind(request) is "read Index" or "read Snapshot" or "read Pack");
    }

    [Fact]
    public async Task Another_repository_at_the_same_place_has_a_cache_of_its_own()
    {
        await FillAsync(_store, points: 2);
        await WalkAsync(_store);
        var other = new MemoryBackend();
        await FillAsync(other, points: 3);
        Assert.Equal(3, (await WalkAsync(other)).Count);
        Assert.Equal(2, (await WalkAsync(_store)).Count);
        var wrong = await Assert.ThrowsAsync<ResticException>(() => OpenAsync(_store, "wrong"));
        Assert.Equal(ResticError.WrongPassword, wrong.Error);
    }

    [Fact]
    public async Task A_key_that_was_removed_opens_nothing_any_more()
    {
        await FillAsync(_store, points: 1);
        await WalkAsync(_store);
        await using (var repository = await OpenAsync(_store))
        {
            await repository.AddKeyAsync("second", Forge.Cheap, Now);
            var first = (await repository.ListKeysAsync(Now)).Single(key => key.Current).Id;
            await using var again = await OpenAsync(_store, "second");
            await again.RemoveKeyAsync(first, Now);
        }
        var refused = await Assert.ThrowsAsync<ResticException>(() => OpenAsync(_store));
        Assert.Equal(ResticError.WrongPassword, refused.Error);
    }

    [Fact]
    public async Task What_the_store_lists_no_more_leaves_the_cache()
    {
        var points = await FillAsync(_store, points: 3);
        await WalkAsync(_store);
        Assert.Contains(Cached(), file => file.EndsWith($"snapshots/{points[0].Id}", StringComparison.Ordinal));
        await _store.RemoveAsync(FileKind.Snapshot, points[0].Id.ToString(), Now);
        Assert.Equal(2, (await WalkAsync(_store)).Count);
        Assert.DoesNotContain(Cached(), file => file.EndsWith($"snapshots/{points[0].Id}", StringComparison.Ordinal));
    }

    /// <summary>A writer that is killed leaves a file in the making; one that a power cut hits may leave less than a whole file under its name.</summary>
    [Fact]
    public async Task What_a_killed_writer_has_left_is_not_read_and_goes_later()
    {
        await FillAsync(_store, points: 1);
        var expected = await WalkAsync(_store);
        var half = Cached().Select(file => $"{file}-tmp-0123456789abcdef").ToList();
        foreach (var file in half) await File.WriteAllBytesAsync(file, new byte[100], Now);
        Assert.Equal(expected, await WalkAsync(_store));
        Each.Holds(half, file => Assert.True(File.Exists(file)));
        foreach (var file in half) File.SetLastWriteTimeUtc(file, _clock.GetUtcNow().UtcDateTime);
        _clock.Advance(TimeSpan.FromHours(2));
        Assert.Equal(expected, await WalkAsync(_store));
        Each.Holds(half, file => Assert.False(File.Exists(file)));
    }

    [Fact]
    public async Task It_never_grows_beyond_its_limit_and_what_was_used_longest_ago_goes_first()
    {
        await FillAsync(_store, points: 40);
        var all = await WalkAsync(_store);
        var whole = Cached().Sum(file => new FileInfo(file).Length);
        Directory.Delete(_folder["cache"], recursive: true);
        var limit = whole / 2;
        Assert.Equal(all, await WalkAsync(_store, limit));
        Assert.InRange(Cached().Sum(file => new FileInfo(file).Length), 1, limit);

        var used = Cached()[0];
        foreach (var file in Cached()) File.SetLastWriteTimeUtc(file, _clock.GetUtcNow().UtcDateTime - TimeSpan.FromDays(file == used ? 1 : 2));
        await using (await OpenAsync(_store, limit: new FileInfo(used).Length)) { }
        Assert.Equal([used], Cached());
    }

    [Fact]
    public async Task Several_processes_use_one_cache_while_files_vanish_from_it()
    {
        await FillAsync(_store, points: 8);
        var expected = await WalkAsync(_store);
        using var stop = new CancellationTokenSource();
        var vanishing = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                foreach (var file in Cached()) File.Delete(file);
                await Task.Yield();
            }
        }, Now);
        await Parallel.ForAsync(0, 20, new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = Now }, async (_, _) =>
            Assert.Equal(expected, await WalkAsync(_store, limit: 100_000)));
        await stop.CancelAsync();
        await vanishing;
    }

    [Fact]
    public async Task A_directory_that_others_can_write_is_not_used_and_said()
    {
        await FillAsync(_store, points: 1);
        Directory.CreateDirectory(_folder["cache"]);
        File.SetUnixFileMode(_folder["cache"], (UnixFileMode)0x1FF);
        await using var repository = await OpenAsync(_store);
        Assert.Contains("another user can write", repository.CacheTrouble, StringComparison.Ordinal);
        Assert.Single(await repository.ListSnapshotsAsync(Now));
        Assert.Empty(Directory.GetFileSystemEntries(_folder["cache"]));
    }

    [Fact]
    public async Task A_check_reads_the_store_and_not_the_cache()
    {
        var points = await FillAsync(_store, points: 2);
        await WalkAsync(_store);
        foreach (var pack in _store.Names(FileKind.Pack)) _store[FileKind.Pack, pack][40] ^= 1;
        _store[FileKind.Snapshot, points[0].Id.ToString()][40] ^= 1;
        await using var repository = await OpenAsync(_store);
        var files = (await repository.CheckAsync(new CheckOptions(), Now)).Damages.Select(damage => damage.File).ToList();
        Assert.Contains($"snapshots/{points[0].Id}", files);
        Assert.Contains(files, file => file.StartsWith("data/", StringComparison.Ordinal));
    }

    private static string Kind(string request) => string.Join(' ', request.Split(' ').Take(2));

    /// <summary>Points with a few folders each.</summary>
    private static async Task<IReadOnlyList<Snapshot>> FillAsync(MemoryBackend store, int points)
    {
        var made = new List<Snapshot>();
        await using var repository = await Repository.InitAsync(store, Password, new InitOptions { KeyDerivation = Forge.Cheap }, cancellation: Now);
        for (var point = 0; point < points; point++)
        {
            await using var writer = await repository.BeginSnapshotAsync(cancellation: Now);
            for (var file = 0; file < 5; file++)
            {
                var path = string.Create(CultureInfo.InvariantCulture, $"/folder{file}/of{point}/file");
                await writer.AddStreamAsync(path, new MemoryStream(Encoding.UTF8.GetBytes(path)), cancellation: Now);
            }
            made.Add(await writer.CommitAsync(new SnapshotHeader { Paths = ["/"], Hostname = "h" }, Now));
        }
        return made;
    }

    private Task<Repository> OpenAsync(IBackend store, string password = Password, long? limit = null)
    {
        var cache = new CacheOptions(_folder["cache"]);
        if (limit is { } bytes) cache = cache with { Limit = bytes };
        return Repository.OpenAsync(store as RemoteBackend ?? new RemoteBackend(store), password, new OpenOptions { Clock = _clock, Cache = cache }, Now);
    }

    /// <summary>All paths of each point, as a process finds them that begins now.</summary>
    private async Task<IReadOnlyList<string>> WalkAsync(IBackend store, long? limit = null)
    {
        var found = new List<string>();
        await using var repository = await OpenAsync(store, limit: limit);
        foreach (var snapshot in await repository.ListSnapshotsAsync(Now))
        {
            var paths = new List<string>();
            await foreach (var (path, _) in repository.WalkAsync(snapshot, cancellation: Now)) paths.Add(path);
            found.Add($"{snapshot.Id}: {string.Join(' ', paths)}");
        }
        return found;
    }

    private async Task<(IReadOnlyList<string> Found, IReadOnlyList<string> Asked)> WatchAsync(MemoryBackend store)
    {
        var watched = new RemoteBackend(store);
        return (await WalkAsync(watched), [.. watched.Asked]);
    }

    /// <summary>The files of the cache, without what is in the making.</summary>
    private List<string> Cached() =>
        [.. Directory.GetFiles(_folder["cache"], "*", SearchOption.AllDirectories)
            .Where(file => Path.GetFileName(file).Length == 64 && Path.GetFileName(Path.GetDirectoryName(file)) != "keys")
            .Order(StringComparer.Ordinal)];

    private static void Damage(string file, string damage, IReadOnlyList<string> all)
    {
        var bytes = File.ReadAllBytes(file);
        File.Delete(file);
        switch (damage)
        {
            case "flipped":
                for (var i = 0; i < bytes.Length; i += 10) bytes[i] ^= 1;
                File.WriteAllBytes(file, bytes);
                break;
            case "truncated": File.WriteAllBytes(file, bytes[..20]); break;
            case "emptied": File.WriteAllBytes(file, []); break;
            case "longer": File.WriteAllBytes(file, [.. new byte[8], .. bytes]); break;
            case "folder": Directory.CreateDirectory(file); break;
            case "link": File.CreateSymbolicLink(file, "/etc/passwd"); break;
            case "foreign": File.WriteAllBytes(file, File.Exists(all[0]) ? File.ReadAllBytes(all[0]) : new byte[500]); break;
            default: throw new ArgumentOutOfRangeException(nameof(damage), damage, "There is no such damage.");
        }
    }
}
