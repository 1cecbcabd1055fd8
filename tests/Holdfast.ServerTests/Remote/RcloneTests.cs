using System.Diagnostics;
using System.Security.Cryptography;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Remotes;
using Holdfast.Restic;
using Holdfast.Restic.Backends;
using Holdfast.ServerTests.EndToEnd;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Remote;

/// <summary>What is particular about repositories that rclone serves on its pipes.</summary>
public sealed class RcloneTests : IDisposable
{
    private const string Secret = "correct horse";
    private static readonly byte[] Content = RandomNumberGenerator.GetBytes(3_000_000);
    private static readonly string Name = Id.Hash(Content).ToString();

    private readonly RcloneRemote _rclone = new();
    private readonly TempFolder _folder = new();

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _rclone.Dispose();
        _folder.Dispose();
    }

    internal static RestBackend BackendOf(RcloneRemote rclone, string? remote = null, TimeSpan? patience = null)
    {
        var host = new LocalHost(name => name == "PATH" ? rclone.SearchPath : Environment.GetEnvironmentVariable(name));
        var options = new RestOptions
        {
            Program = served => new RcloneProgram(host, served, rclone.Configuration), FirstPatience = TimeSpan.Zero,
            Pause = TimeSpan.FromMilliseconds(20), Patience = patience ?? new RestOptions().Patience,
        };
        return new RestBackend(RestLocation.Parse($"rclone:{remote ?? rclone.Remote}"), options);
    }

    [Fact]
    public async Task One_rclone_serves_all_requests_and_one_that_is_killed_is_replaced()
    {
        var backend = BackendOf(_rclone);
        await backend.CreateAsync(Now);
        await Parallel.ForAsync(0, 40, Now, async (number, cancellation) =>
        {
            byte[] content = [.. Content.AsSpan(number, 100_000)];
            await backend.SaveAsync(FileKind.Pack, Id.Hash(content).ToString(), content, cancellation);
        });
        var first = Assert.Single(_rclone.Started);

        using (var process = Process.GetProcessById(first)) process.Kill();
        await backend.SaveAsync(FileKind.Pack, Name, Content, Now);

        var read = new byte[Content.Length];
        await backend.ReadAsync(FileKind.Pack, Name, 0, read, Now);
        Assert.Equal(Content, read);
        Assert.Equal(2, _rclone.Started.Count);
    }

    [Fact]
    public async Task A_remote_that_is_not_configured_fails_at_once_with_the_words_of_rclone()
    {
        var failure = await Assert.ThrowsAsync<ResticException>(
            () => BackendOf(_rclone, "elsewhere:x").SizeAsync(FileKind.Config, "", Now).AsTask());
        Assert.Equal(ResticError.Unreachable, failure.Error);
        Assert.Contains("rclone ended with exit code 1: ", failure.Message, StringComparison.Ordinal);
        Assert.Contains("didn't find section in config file", failure.Message, StringComparison.Ordinal);
        Assert.Single(_rclone.Started);
    }

    /// <summary>rclone answers 404 when a listing fails, which must not pass for an empty folder: a prune would believe it.</summary>
    [Fact]
    public async Task A_listing_that_fails_is_not_an_empty_one()
    {
        var backend = BackendOf(_rclone, patience: TimeSpan.FromMilliseconds(100));
        await backend.CreateAsync(Now);
        await backend.SaveAsync(FileKind.Config, "", Content, Now);
        await backend.SaveAsync(FileKind.Index, Name, Content, Now);
        var index = Path.Combine(_rclone.Data, "shop/repository/index");
        Directory.Delete(index, recursive: true);
        await File.WriteAllTextAsync(index, "no folder", Now);
        var failure = await Assert.ThrowsAsync<ResticException>(async () =>
        {
            await foreach (var file in backend.ListAsync(FileKind.Index, Now)) Assert.Fail($"{file} is there.");
        });
        Assert.Equal(ResticError.Unreachable, failure.Error);
        Assert.Contains("404", failure.Message, StringComparison.Ordinal);
        Assert.Contains("said last: ", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_point_goes_through_rclone_and_back_and_the_stock_restic_reads_it()
    {
        var restic = ResticBinary.Find();
        WriteProfile();
        (await HoldfastAsync("init", "--yes")).Succeeded();
        (await HoldfastAsync("backup")).Succeeded();
        var before = await File.ReadAllBytesAsync(_folder["etc/noise"], Now);
        File.Delete(_folder["etc/noise"]);

        (await HoldfastAsync("restore", "--yes")).Succeeded();

        Assert.Equal(before, await File.ReadAllBytesAsync(_folder["etc/noise"], Now));
        var check = await Command.RunAsync(
            restic.Path, ["--no-cache", "-r", _rclone.Location, "-o", "rclone.program=rclone", "check", "--read-data"],
            new Dictionary<string, string?>(StringComparer.Ordinal)
            {
                ["RCLONE_CONFIG"] = _rclone.Configuration, ["RESTIC_PASSWORD"] = Secret,
            });
        check.Succeeded();
        var local = await Command.RunAsync(
            restic.Path, ["--no-cache", "-r", Path.Combine(_rclone.Data, "shop/repository"), "check", "--read-data"],
            new Dictionary<string, string?>(StringComparer.Ordinal) { ["RESTIC_PASSWORD"] = Secret });
        local.Succeeded();
    }

    [Fact]
    public async Task Rclone_ends_when_a_backup_is_killed()
    {
        WriteProfile();
        (await HoldfastAsync("init", "--yes")).Succeeded();
        var known = _rclone.Started.Count;
        using var backup = Command.Start(HoldfastBinary.Find(), ["backup"], Environs());
        await Eventually.HoldsAsync("the backup has started rclone", () => _rclone.Started.Count > known);
        backup.Kill();
        await backup.WaitForExitAsync(Now);
        await Eventually.HoldsAsync("rclone has ended", () => !Directory.Exists($"/proc/{_rclone.Started[^1]}"));
    }

    [Fact]
    public async Task What_is_wrong_with_rclone_is_said_before_anything_is_done()
    {
        WriteProfile();
        File.SetUnixFileMode(_rclone.Configuration, UnixFileMode.UserRead | UnixFileMode.OtherWrite);
        FailsWith(Catalogue.PathUnsafe, await HoldfastAsync("init", "--yes"));
        File.SetUnixFileMode(_rclone.Configuration, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        FailsWith(Catalogue.RepositoryUnsupported, await HoldfastAsync("init", "--yes", "--repository", "rclone::local:/tmp"));
        FailsWith(Catalogue.RepositoryUnreachable, await HoldfastAsync("init", "--yes", "--repository", "rclone:other:x"));
    }

    private static void FailsWith(ProblemKind kind, CommandResult result)
    {
        Assert.Equal((int)kind.Exit, result.ExitCode);
        Assert.Contains(kind.Code, result.Errors, StringComparison.Ordinal);
    }

    private void WriteProfile()
    {
        File.WriteAllBytes(_folder.Write("etc/noise", ""), Content);
        _folder.Write("password", Secret);
        _folder.Write("profile.yaml", $"""
            platform: shop
            repository:
              path: {_rclone.Location}
              rclone: {'{'} config: {_rclone.Configuration} {'}'}
              password: {'{'} file: password {'}'}
            components:
              files:
                groups:
                  configuration: [{_folder["etc"]}]
            """);
    }

    private Task<CommandResult> HoldfastAsync(params string[] arguments) =>
        Command.RunAsync(HoldfastBinary.Find(), arguments, Environs());

    private Dictionary<string, string?> Environs() => new(StringComparer.Ordinal)
    {
        ["PATH"] = _rclone.SearchPath,
        ["HOLDFAST_PROFILE"] = _folder["profile.yaml"],
        ["HOLDFAST_STATE"] = _folder.Folder("state"),
    };
}
