using Holdfast.Restic;
using Holdfast.Restic.Backends;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Restic;

/// <summary>
/// A repository that the stock binary made: two snapshots of a folder with small files, one of 5 MB and a folder below.
/// Each test gets a copy of its own to damage.
/// </summary>
public sealed class ResticRepository : IAsyncLifetime
{
    public const string Password = "correct horse";
    private readonly TempFolder _folder = new();

    public ResticBinary Restic { get; private set; } = null!;

    /// <summary>The folder that was backed up.</summary>
    public string Source => _folder["source"];

    public async ValueTask InitializeAsync()
    {
        Restic = ResticBinary.Find();
        await Restic.InitAsync(_folder["original"], Password);
        for (var number = 0; number < 20; number++) _folder.Write($"source/small/{number}.txt", $"file {number}");
        _folder.Write("source/sub/deep/leaf.txt", "leaf");
        var noise = new byte[5_000_000];
        new Random(7).NextBytes(noise);
        await File.WriteAllBytesAsync(_folder["source/noise.bin"], noise);
        await BackupAsync();
        _folder.Write("source/small/0.txt", "another content");
        await BackupAsync();
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>A copy of the repository, which the caller removes.</summary>
    public async Task<TempFolder> CopyAsync()
    {
        var copy = new TempFolder();
        (await Command.RunAsync("cp", ["-a", _folder["original"] + "/.", copy.Path])).Succeeded();
        return copy;
    }

    public static Task<Repository> OpenAsync(TempFolder copy, CancellationToken cancellation) =>
        Repository.OpenAsync(new LocalBackend(copy.Path), Password, cancellation: cancellation);

    private async Task BackupAsync() => (await Restic.RunAsync(_folder["original"], Password, "backup", Source)).Succeeded();
}
