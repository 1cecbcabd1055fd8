using Holdfast.Restic;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Filtering;
using Holdfast.Restic.Restoring;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Restic;

/// <summary>Every pattern chooses what it chooses in the stock restic: for a restore, and for what stays out of a backup.</summary>
public sealed class PatternsAgainstResticTests : IAsyncLifetime
{
    private const string Password = "geheim";
    private static readonly string[] Names =
    [
        "a/1.txt", "a/b/2.txt", "a/b/x1", "a/b/c/x2", "b/x3", "b/y", "c/d/e", "z.txt", ".hidden/x4", "b/é", "b/😀", "b/[x]", "b/!", "b/a-z",
        "b/^", "b/back\\slash", "b/*", "b/aaaa", "b/aab", "b/**/star", "source/a/1.txt",
    ];

    private readonly TempFolder _temp = new();
    private readonly ResticBinary _restic = ResticBinary.Find();

    public static TheoryData<string> Good =>
    [
        "*.txt", "/source/a", "a/**/x*", "[a-b]", "/source/*/x?", "/", "/*", "*", "**", "***", "/**", "/source/**", "**/b", "a/**", "/source/a/**/x2",
        "**/b/**", "b/?", "b/??", "b/[^a-z]", "b/[!a]", "b/[é-ê]", "b/[😀]", "[x]", "\\[x]", "\\[x\\]", "[\\[]x[\\]]", "a-z", "a[\\-]z", "a[^z]z", "[x^]", "\\^",
        "back\\\\*", "\\*", "\\!", "*a*a*b", "*a*a*a*a", "a*b", "./a//b/../1.txt", "../a", ".", "a/", "/../source/b", "/source/./b/y", "source/a", "/a", "b/\\**",
        "SOURCE", "[^s]*/[^a]", "/[r-t]*/**/[c-d]/*", ".*", ".hidden", "?hidden",
    ];

    public async ValueTask InitializeAsync()
    {
        foreach (var name in Names) _temp.Write("source/" + name, name);
        await using var repository = await InitAsync("repository");
        (await Command.BashAsync("""cd "$1" && RESTIC_PASSWORD=$2 "$3" --no-cache -r "$4" backup source""", _temp.Path, Password, _restic.Path, _temp["repository"])).Succeeded();
    }

    public ValueTask DisposeAsync()
    {
        _temp.Dispose();
        return ValueTask.CompletedTask;
    }

    [Theory]
    [MemberData(nameof(Good))]
    public async Task A_restore_includes_what_restic_includes(string pattern) => await RestoreBothAsync("--include", pattern);

    [Theory]
    [InlineData("[a-b]")]
    [InlineData("/source/*/x?")]
    [InlineData("a/**/x*")]
    public async Task A_restore_excludes_what_restic_excludes(string pattern) => await RestoreBothAsync("--exclude", pattern);

    [Theory]
    [InlineData("--include", "*.txt", "!a")]
    [InlineData("--exclude", "*.txt", "!z.txt")]
    [InlineData("--exclude", "a", "!b")]
    [InlineData("--exclude", "!b", "b", "!y", "[xy]")]
    public async Task A_pattern_takes_back_what_it_takes_back_in_restic(string option, params string[] patterns) => await RestoreBothAsync(option, patterns);

    [Theory]
    [MemberData(nameof(Good))]
    public async Task What_stays_out_of_a_backup_stays_out_with_restic(string pattern)
    {
        await using var repository = await InitAsync("archive");
        var list = new PatternList([pattern]);
        await using var writer = await repository.BeginSnapshotAsync(null, TestContext.Current.CancellationToken);
        await writer.AddPathsAsync([_temp["source"]], new ArchiveOptions { Exclude = (path, _) => list.Matches(path) }, TestContext.Current.CancellationToken);
        await writer.CommitAsync(new SnapshotHeader { Paths = ["/"], Hostname = "ours" }, TestContext.Current.CancellationToken);
        // restic makes no snapshot of nothing.
        var theirs = await _restic.RunAsync(_temp["archive"], Password, "backup", "--host", "theirs", "--exclude", pattern, _temp["source"]);
        Assert.Equal(theirs.ExitCode == 0 ? await ListAsync("theirs") : [], await ListAsync("ours"));
    }

    [Theory]
    [InlineData("[a")]
    [InlineData("a/[")]
    [InlineData("[]a]")]
    [InlineData("[-a]")]
    [InlineData("[a-]")]
    [InlineData("[^]")]
    [InlineData("a\\")]
    [InlineData("a\\/b")]
    [InlineData("[a/b]")]
    public async Task What_restic_refuses_is_refused(string pattern)
    {
        Assert.Throws<ResticException>(() => new PatternList([pattern]));
        var theirs = await _restic.RunAsync(_temp["repository"], Password, "backup", "--dry-run", "--exclude", pattern, _temp["source"]);
        Assert.NotEqual(0, theirs.ExitCode);
        Assert.Contains("invalid pattern", theirs.Errors);
    }

    private async Task RestoreBothAsync(string option, params string[] patterns)
    {
        (await _restic.RunAsync(_temp["repository"], Password, ["restore", "latest", "--target", _temp["theirs"], .. patterns.SelectMany(pattern => new[] { option, pattern })])).Succeeded();
        var include = option == "--include";
        await using var repository = await Repository.OpenAsync(new LocalBackend(_temp["repository"]), Password, cancellation: TestContext.Current.CancellationToken);
        var point = await repository.FindSnapshotAsync("latest", TestContext.Current.CancellationToken);
        var options = new RestoreOptions { Include = include ? patterns : [], Exclude = include ? [] : patterns };
        await repository.RestoreAsync(point, "/", _temp["ours"], options, TestContext.Current.CancellationToken);
        Assert.Equal(await FilesAsync(_temp["theirs"]), await FilesAsync(_temp["ours"]));
    }

    // A cheap key, so that a hundred runs of restic take seconds.
    private async Task<Repository> InitAsync(string name) => await Repository.InitAsync(
        new LocalBackend(_temp[name]), Password, new InitOptions { KeyDerivation = new KeyDerivation(1024, 8, 1) }, cancellation: TestContext.Current.CancellationToken);

    private async Task<IReadOnlyList<string>> ListAsync(string host) =>
        [.. (await _restic.RunAsync(_temp["archive"], Password, "ls", "--host", host, "latest")).Succeeded().Output.Split('\n').Where(line => line.StartsWith(_temp["source"] + "/", StringComparison.Ordinal))];

    private static async Task<IEnumerable<string>> FilesAsync(string root) => !Directory.Exists(root) ? []
        : (await Tree.ListAsync(root)).Entries.Where(entry => entry.Value.Type == "f").Select(entry => entry.Key).Order(StringComparer.Ordinal);
}
