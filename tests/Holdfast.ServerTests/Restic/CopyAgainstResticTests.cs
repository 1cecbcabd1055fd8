using System.Security.Cryptography;
using Holdfast.Restic;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Copying;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Restic;

/// <summary>
/// A copy by us is whole to the stock restic, which restores the same bytes from it and copies nothing that we have
/// copied; nor do we copy what restic has.
/// </summary>
public sealed class CopyAgainstResticTests : IDisposable
{
    private const string Password = "correct horse", Another = "battery staple";

    private readonly TempFolder _folder = new();
    private readonly ResticBinary _restic = ResticBinary.Find();

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    private string Place => _folder["repository"];

    private string Copy => _folder["copy"];

    private string Source => _folder["source"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Restic_restores_the_same_bytes_from_a_copy_and_copies_nothing_again()
    {
        var digests = await TakeAsync();
        var report = await CopyAsync();
        Assert.Equal((4, 0), (report.Copied.Count, report.Uncopied.Count));
        await _restic.CheckAsync(Copy, Another);
        foreach (var copy in report.Copied)
        {
            string[] restore = ["restore", copy.Id.ToString(), "--target", _folder["restored"]];
            (await _restic.RunAsync(Copy, Another, restore)).Succeeded();
            Assert.Equal(digests[copy.Original!.Value], Digest(_folder["restored"] + Source));
            Directory.Delete(_folder["restored"], true);
        }
        var before = Files(Copy);
        await CopyByResticAsync();
        Assert.Equal(before, Files(Copy));
        Assert.Equal(4, before.Count(file => file.Contains("/snapshots/", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task What_restic_has_copied_is_not_copied_again()
    {
        await TakeAsync();
        await _restic.InitAsync(Copy, Another);
        await CopyByResticAsync();
        var before = Files(Copy);
        var report = await CopyAsync();
        Assert.Equal((0, 4), (report.Copied.Count, report.Present));
        Assert.Equal(before, Files(Copy));
    }

    [Fact]
    public async Task A_mirror_is_whole_to_restic_and_opens_with_the_same_password()
    {
        var digests = await TakeAsync();
        await using var source = await OpenAsync(Place, Password);
        var report = await source.MirrorToAsync(new LocalBackend(Copy), Password, new MirrorOptions(), Now);
        Assert.Equal((report.Files, 0), (report.Copied, report.Damaged.Count));
        await _restic.CheckAsync(Copy, Password);
        foreach (var (id, digest) in digests)
        {
            string[] restore = ["restore", id.ToString(), "--target", _folder["restored"]];
            (await _restic.RunAsync(Copy, Password, restore)).Succeeded();
            Assert.Equal(digest, Digest(_folder["restored"] + Source));
            Directory.Delete(_folder["restored"], true);
        }
        (await _restic.RunAsync(Copy, Password, "forget", "--prune", "--keep-last", "1", "--group-by", "")).Succeeded();
        await source.MirrorToAsync(new LocalBackend(Copy), Password, new MirrorOptions { Delete = true }, Now);
        Assert.Equal(Names(Place), Names(Copy));
        await _restic.CheckAsync(Copy, Password);
    }

    /// <summary>Four snapshots, two of them by restic; what each of them holds, by its id.</summary>
    private async Task<Dictionary<Id, string>> TakeAsync()
    {
        var digests = new Dictionary<Id, string>();
        var cheap = new InitOptions { KeyDerivation = KeyDerivation.Random };
        await using (await Repository.InitAsync(new LocalBackend(Place), Password, cheap, cancellation: Now))
        {
        }
        var random = Sample.Random("copy against restic");
        for (var number = 0; number < 4; number++)
        {
            for (var file = 0; file < 5; file++) Write($"source/{random.Next(4)}/{random.Next(9)}", random);
            if (number % 2 == 0) await TakeByUsAsync();
            else (await _restic.RunAsync(Place, Password, "backup", Source)).Succeeded();
            await using var repository = await OpenAsync(Place, Password);
            digests.Add((await repository.FindSnapshotAsync("latest", Now)).Id, Digest(Source));
        }
        return digests;
    }

    private async Task TakeByUsAsync()
    {
        await using var repository = await OpenAsync(Place, Password);
        await using var writer = await repository.BeginSnapshotAsync(null, Now);
        await writer.AddPathsAsync([Source], new ArchiveOptions(), Now);
        await writer.CommitAsync(new SnapshotHeader { Paths = [Source], Hostname = "test", Tags = ["ours"] }, Now);
    }

    private void Write(string path, Random random)
    {
        var content = new byte[random.Next(random.Next(2) == 0 ? 2 << 20 : 2000)];
        if (random.Next(3) > 0) random.NextBytes(content);
        _folder.Write(path, "");
        File.WriteAllBytes(_folder[path], content);
    }

    private async Task<CopyReport> CopyAsync()
    {
        await using var source = await OpenAsync(Place, Password);
        var init = new InitOptions { KeyDerivation = KeyDerivation.Random, Like = source };
        await using var copy = Directory.Exists(Copy)
            ? await OpenAsync(Copy, Another)
            : await Repository.InitAsync(new LocalBackend(Copy), Another, init, cancellation: Now);
        var snapshots = await source.ListSnapshotsAsync(Now);
        return await source.CopyToAsync(copy, new CopyOptions { Snapshots = snapshots }, Now);
    }

    private async Task CopyByResticAsync()
    {
        _folder.Write("password", Password);
        string[] from = ["--from-repo", Place, "--from-password-file", _folder["password"]];
        (await _restic.RunAsync(Copy, Another, ["copy", .. from])).Succeeded();
    }

    private static Task<Repository> OpenAsync(string place, string password) =>
        Repository.OpenAsync(new LocalBackend(place), password, cancellation: Now);

    private static IReadOnlyList<string> Files(string place) =>
        [.. Directory.GetFiles(place, "*", SearchOption.AllDirectories).Where(IsKept).Order(StringComparer.Ordinal)];

    private static IEnumerable<string> Names(string place) => Files(place).Select(file => Path.GetRelativePath(place, file));

    private static bool IsKept(string file) => !file.Contains("/locks/", StringComparison.Ordinal);

    private static string Digest(string folder)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            hash.AppendData(System.Text.Encoding.UTF8.GetBytes(Path.GetRelativePath(folder, file)));
            hash.AppendData(File.ReadAllBytes(file));
        }
        return Convert.ToHexString(hash.GetHashAndReset());
    }
}
