using System.Security.Cryptography;
using Holdfast.Restic;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Maintenance;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Restic;

/// <summary>
/// Drawn histories of backups by us and by the stock restic, of which some are forgotten: after each prune restic reads everything
/// that is left, restores every snapshot as it was, and finds nothing more to remove.
/// </summary>
public sealed class PruneAgainstResticTests(ITestOutputHelper output) : IDisposable
{
    private const string Password = "correct horse";

    private readonly TempFolder _folder = new();
    private readonly ResticBinary _restic = ResticBinary.Find();

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    private string Place => _folder["repository"];

    private string Source => _folder["source"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Restic_finds_all_that_is_needed_and_nothing_else()
    {
        var random = Sample.Random("prune against restic");
        var histories = Sample.Count("HOLDFAST_PRUNES", usual: 2, whenLong: 40);
        for (var history = 0; history < histories; history++)
        {
            var cheap = new InitOptions { KeyDerivation = KeyDerivation.Random };
            await using (await Repository.InitAsync(new LocalBackend(Place), Password, cheap, cancellation: Now))
                await PruneAsync(random, $"seed {Sample.Seed}, history {history}");
            Directory.Delete(Place, true);
        }
    }

    private async Task PruneAsync(Random random, string scene)
    {
        var contents = new Dictionary<Id, string>();
        for (var round = 0; round < 3; round++)
        {
            for (var number = 0; number < 3; number++)
            {
                Change(random);
                var id = random.Next(2) == 0 ? await TakeAsync() : await TakeByResticAsync();
                contents[id] = Digest(Source);
            }
            await using var repository = await Repository.OpenAsync(new LocalBackend(Place), Password, cancellation: Now);
            foreach (var id in contents.Keys.Where(_ => random.Next(3) > 0).Skip(1).ToList())
            {
                await repository.ForgetAsync(id, Now);
                contents.Remove(id);
            }
            var isThorough = random.Next(2) == 0;
            var options = new PruneOptions { MaxUnused = isThorough ? UnusedLimit.OfBytes(0) : UnusedLimit.OfShare(random.NextDouble()) };
            var report = await repository.PruneAsync(options, Now);
            output.WriteLine($"{scene}, round {round}: {report}");
            await _restic.CheckAsync(Place, Password);
            if (isThorough)
            {
                var more = await _restic.RunAsync(Place, Password, "prune", "--dry-run", "--max-unused", "0", "--verbose");
                Assert.Matches(@"total prune:\s+0 blobs / 0 B", more.Succeeded().Output);
            }
            await ExpectAsync(contents, $"{scene}, round {round}");
        }
    }

    /// <summary>Writes some files anew, and removes some: texts, and what cannot be compressed, up to a MiB.</summary>
    private void Change(Random random)
    {
        for (var number = 0; number < 12; number++)
        {
            var path = $"source/{random.Next(5)}/{random.Next(9)}";
            var content = new byte[random.Next(random.Next(2) == 0 ? 1 << 20 : 2000)];
            if (random.Next(2) == 0) random.NextBytes(content);
            _folder.Write(path, "");
            File.WriteAllBytes(_folder[path], content);
        }
        var files = Directory.GetFiles(Source, "*", SearchOption.AllDirectories);
        foreach (var file in files.Order(StringComparer.Ordinal).Where(_ => random.Next(6) == 0)) File.Delete(file);
        _folder.Write("source/kept", "kept");
    }

    private async Task<Id> TakeAsync()
    {
        await using var repository = await Repository.OpenAsync(new LocalBackend(Place), Password, cancellation: Now);
        await using var writer = await repository.BeginSnapshotAsync(null, Now);
        await writer.AddPathsAsync([Source], new ArchiveOptions(), Now);
        return (await writer.CommitAsync(new SnapshotHeader { Paths = [Source], Hostname = "test" }, Now)).Id;
    }

    private async Task<Id> TakeByResticAsync()
    {
        (await _restic.RunAsync(Place, Password, "backup", Source)).Succeeded();
        await using var repository = await Repository.OpenAsync(new LocalBackend(Place), Password, cancellation: Now);
        return (await repository.FindSnapshotAsync("latest", Now)).Id;
    }

    private async Task ExpectAsync(Dictionary<Id, string> contents, string scene)
    {
        Assert.NotEmpty(contents);
        foreach (var (id, digest) in contents)
        {
            var target = _folder["restored"];
            (await _restic.RunAsync(Place, Password, "restore", id.ToString(), "--target", target)).Succeeded();
            Assert.True(digest == Digest(target + Source), $"{scene}: {id} is not as it was.");
            Directory.Delete(target, true);
        }
    }

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
