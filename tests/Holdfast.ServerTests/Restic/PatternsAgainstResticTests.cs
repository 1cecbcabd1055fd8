using System.Text.Json.Nodes;
using Holdfast.Restic;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Filtering;
using Holdfast.Restic.Restoring;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Restic;

/// <summary>Every pattern chooses what it chooses in the stock restic: for a restore, and for what stays out of a backup.</summary>
public sealed class PatternsAgainstResticTests(PatternsAgainstResticTests.BackedUp all) : IClassFixture<PatternsAgainstResticTests.BackedUp>, IDisposable
{
    private const string Password = "geheim";
    private static readonly string[] Names =
    [
        "a/1.txt", "a/b/2.txt", "a/b/x1", "a/b/c/x2", "b/x3", "b/y", "c/d/e", "z.txt", ".hidden/x4", "b/é", "b/😀", "b/[x]", "b/!", "b/a-z",
        "b/^", "b/back\\slash", "b/*", "b/aaaa", "b/aab", "b/**/star", "source/a/1.txt",
    ];

    private readonly TempFolder _temp = new();
    private readonly ResticBinary _restic = all.Restic;

    /// <summary>Those of <see cref="Good"/> that choose no file.</summary>
    private static readonly string[] None = ["SOURCE", ".", "../a", "/a", "[x]"];

    public static TheoryData<string> Good =>
    [
        "*.txt", "/source/a", "a/**/x*", "[a-b]", "/source/*/x?", "/", "/*", "*", "**", "***", "/**", "/source/**", "**/b", "a/**", "/source/a/**/x2",
        "**/b/**", "b/?", "b/??", "b/[^a-z]", "b/[!a]", "b/[é-ê]", "b/[😀]", "[x]", "\\[x]", "\\[x\\]", "[\\[]x[\\]]", "a-z", "a[\\-]z", "a[^z]z", "[x^]", "\\^",
        "back\\\\*", "\\*", "\\!", "*a*a*b", "*a*a*a*a", "a*b", "./a//b/../1.txt", "../a", ".", "a/", "/../source/b", "/source/./b/y", "source/a", "/a", "b/\\**",
        "SOURCE", "[^s]*/[^a]", "/[r-t]*/**/[c-d]/*", ".*", ".hidden", "?hidden",
    ];

    public void Dispose() => _temp.Dispose();

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
        await using var repository = await InitAsync(_temp["archive"]);
        var list = new PatternList([pattern]);
        await using var writer = await repository.BeginSnapshotAsync(null, TestContext.Current.CancellationToken);
        await writer.AddPathsAsync([all.Source], new ArchiveOptions { Exclude = (path, _) => list.Matches(path) }, TestContext.Current.CancellationToken);
        await writer.CommitAsync(new SnapshotHeader { Paths = ["/"], Hostname = "ours" }, TestContext.Current.CancellationToken);
        var listed = (await _restic.RunAsync(_temp["archive"], Password, "ls", "latest")).Succeeded().Output.Split('\n');
        var ours = listed.Where(line => line.StartsWith(all.Source + "/", StringComparison.Ordinal)).Order(StringComparer.Ordinal);
        var theirs = await _restic.RunAsync(all.Repository, Password, "backup", "--dry-run", "--force", "--json", "-vv", "--exclude", pattern, all.Source);
        // restic makes no snapshot of nothing.
        Assert.True(theirs.ExitCode == 0 || theirs.Errors.Contains("snapshot is empty", StringComparison.Ordinal), $"{theirs}");
        Assert.Equal(theirs.ExitCode == 0 ? Added(theirs.Output) : [], ours);
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
        var theirs = await _restic.RunAsync(all.Repository, Password, "backup", "--dry-run", "--exclude", pattern, all.Source);
        Assert.NotEqual(0, theirs.ExitCode);
        Assert.Contains("invalid pattern", theirs.Errors);
    }

    private async Task RestoreBothAsync(string option, params string[] patterns)
    {
        (await _restic.RunAsync(all.Repository, Password, ["restore", "latest", "--target", _temp["theirs"], .. patterns.SelectMany(pattern => new[] { option, pattern })])).Succeeded();
        var include = option == "--include";
        await using var repository = await Repository.OpenAsync(new LocalBackend(all.Repository), Password, cancellation: TestContext.Current.CancellationToken);
        var point = await repository.FindSnapshotAsync("latest", TestContext.Current.CancellationToken);
        var options = new RestoreOptions { Include = include ? patterns : [], Exclude = include ? [] : patterns };
        await repository.RestoreAsync(point, "/", _temp["ours"], options, TestContext.Current.CancellationToken);
        var theirs = await FilesAsync(_temp["theirs"]);
        Assert.Equal(patterns is not [var one] || !None.Contains(one), theirs.Count > 0);
        Assert.Equal(theirs, await FilesAsync(_temp["ours"]));
    }

    /// <summary>What restic says that it would add, below the source.</summary>
    private static IReadOnlyList<string> Added(string output) =>
        [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)
            .Where(told => (string?)told["action"] == "new").Select(told => ((string)told["item"]!).TrimEnd('/'))
            .Where(path => path.Contains("/source/", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    // A cheap key, so that a hundred runs of restic take seconds.
    private static async Task<Repository> InitAsync(string path) => await Repository.InitAsync(
        new LocalBackend(path), Password, new InitOptions { KeyDerivation = new KeyDerivation(1024, 8, 1) }, cancellation: TestContext.Current.CancellationToken);

    private static async Task<IReadOnlyList<string>> FilesAsync(string root) => !Directory.Exists(root) ? []
        : [.. (await Tree.ListAsync(root)).Entries.Where(entry => entry.Value.Type == "f").Select(entry => entry.Key).Order(StringComparer.Ordinal)];

    /// <summary>A folder with all the names, and a repository in which the stock binary has backed it up.</summary>
    public sealed class BackedUp : IAsyncLifetime
    {
        private readonly TempFolder _temp = new();

        public ResticBinary Restic { get; } = ResticBinary.Find();

        public string Repository => _temp["repository"];

        public string Source => _temp["source"];

        public async ValueTask InitializeAsync()
        {
            foreach (var name in Names) _temp.Write("source/" + name, name);
            await using var repository = await InitAsync(Repository);
            (await Command.BashAsync("""cd "$1" && RESTIC_PASSWORD=$2 "$3" --no-cache -r "$4" backup source""", _temp.Path, Password, Restic.Path, Repository)).Succeeded();
        }

        public ValueTask DisposeAsync()
        {
            _temp.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
