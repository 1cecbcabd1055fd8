using Holdfast.Restic;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Restoring;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Restic;

/// <summary>Restores beside the stock restic, both ways.</summary>
public sealed class RestoreTests : IDisposable
{
    private const string Password = "geheim";

    private readonly TempFolder _temp = new();
    private readonly ResticBinary _restic = ResticBinary.Find();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Source => _temp["source"];

    private string Repo => _temp["repository"];

    public void Dispose() => _temp.Dispose();

    [Theory]
    [InlineData(1, "auto")]
    [InlineData(2, "auto")]
    [InlineData(2, "max")]
    [InlineData(2, "off")]
    public async Task A_repository_of_restic_is_restored_as_restic_does_it(int version, string compression)
    {
        await AwkwardTree.MakeAsync(Source);
        await _restic.InitAsync(Repo, Password, version);
        string[] options = version == 2 ? ["--compression", compression] : [];
        (await _restic.RunAsync(Repo, Password, ["backup", .. options, Source])).Succeeded();
        (await _restic.RunAsync(Repo, Password, "restore", "latest", "--target", _temp["theirs"])).Succeeded();

        var report = await RestoreAsync("/", _temp["ours"]);

        Assert.Empty(report.Failures);
        Assert.Empty(await DifferencesAsync(_temp["theirs"], _temp["ours"]));
        Assert.InRange(await RoomAsync(_temp["ours"]), 18, 50); // MiB: the holes take none
    }

    [Fact]
    public async Task What_we_archive_is_restored_by_restic_and_by_us_as_it_was()
    {
        await AwkwardTree.MakeAsync(Source);
        await ArchiveAsync();
        await _restic.CheckAsync(Repo, Password);
        (await _restic.RunAsync(Repo, Password, "restore", "latest", "--target", _temp["theirs"])).Succeeded();
        var report = await RestoreAsync(Source, _temp["ours"]);
        Assert.Empty(report.Failures);
        Assert.Empty(await DifferencesAsync(Source, _temp["ours"]));
        Assert.Empty(await DifferencesAsync(Source, _temp["theirs"] + Source));
    }

    [Fact]
    public async Task Restoring_twice_keeps_everything()
    {
        await AwkwardTree.MakeAsync(Source);
        await ArchiveAsync();
        await RestoreAsync(Source, _temp["ours"]);
        var again = await RestoreAsync(Source, _temp["ours"]);
        Assert.Equal(again.Files + again.Directories + again.Others, again.Kept);
        Assert.Empty(await DifferencesAsync(Source, _temp["ours"]));
    }

    private async Task ArchiveAsync()
    {
        var init = new InitOptions { KeyDerivation = new KeyDerivation(1024, 8, 1) };
        await using var repository = await Repository.InitAsync(new LocalBackend(Repo), Password, init, cancellation: Token);
        await using var writer = await repository.BeginSnapshotAsync(null, Token);
        await writer.AddPathsAsync([Source], new ArchiveOptions(), Token);
        await writer.CommitAsync(new SnapshotHeader { Paths = [Source], Hostname = "test" }, Token);
    }

    private async Task<RestoreReport> RestoreAsync(string below, string target, RestoreOptions? options = null)
    {
        await using var repository = await Repository.OpenAsync(new LocalBackend(Repo), Password, cancellation: Token);
        return await repository.RestoreAsync(await repository.FindSnapshotAsync("latest", Token), below, target, options ?? new RestoreOptions(), Token);
    }

    // The target's own metadata is the user's.
    private static async Task<IReadOnlyList<string>> DifferencesAsync(string left, string right) =>
        (await Tree.ListAsync(left)).Differences(await Tree.ListAsync(right), (path, entry) => path.Length == 0 ? entry with { Mode = "", ModifyTime = "", Attributes = "" } : entry);

    private static async Task<int> RoomAsync(string folder) =>
        int.Parse((await Command.BashAsync("""du -sm "$1" | cut -f1""", folder)).Succeeded().Output);
}
