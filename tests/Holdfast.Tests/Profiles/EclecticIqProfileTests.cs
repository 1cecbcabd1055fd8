using Holdfast.Components.Files;
using Holdfast.Components.Files.Certificates;
using Holdfast.Engine.Profiles;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Profiles;

/// <summary>The shipped profile against the list of its platform's maker, which seed-paths.txt holds as it was published.</summary>
public sealed class EclecticIqProfileTests
{
    private static readonly Profile _profile = ProfileReader.ReadFile(SourceTree.PathOf("profiles/eclecticiq.yaml"));
    private static readonly FilesSettings _files = FilesSettings.Read(_profile)!;

    // The web page shows these two names as the addresses that they look like.
    private static readonly Queue<string> _garbled = new(
    [
        "/lib/systemd/system/eclecticiq-platform-backend-ingestion@.service",
        "/lib/systemd/system/eclecticiq-platform-backend-worker@.service",
    ]);

    private static readonly List<(string Group, string Path)> _published = [.. Published()];

    [Fact]
    public void The_list_was_read_whole()
    {
        Assert.Equal(96, _published.Count);
        Assert.Equal(14, _published.Select(line => line.Group).Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public void Every_published_path_stands_in_the_profile_under_its_heading() =>
        Assert.Empty(_published.Except(_files.Groups.SelectMany(group => group.Entries.Select(entry => (group.Name, entry.Path)))));

    [Fact]
    public void Groups_are_those_that_were_published_in_their_order() =>
        Assert.Equal(_published.Select(line => line.Group).Distinct(StringComparer.Ordinal), _files.Groups.Select(group => group.Name), StringComparer.Ordinal);

    [Fact]
    public void What_is_commented_out_there_is_optional_here() => Assert.True(Entry("/etc/redis/redis.conf").Optional);

    [Fact]
    public void The_data_of_the_search_engine_is_kept_in_sight_and_not_copied() =>
        Assert.Equal("search", Entry("/media/elasticsearch/nodes").DataDirectory);

    [Fact]
    public void Services_stop_as_published_what_takes_work_in_before_what_works_it_off() =>
        Assert.Equal(
            ["eclecticiq-platform-backend-services.service", "eclecticiq-platform-backend-worker*.service"],
            _profile.Root["services"].Items.SelectMany(group => group["units"].Items).Select(unit => unit.Text).Where(unit => unit.StartsWith("eclecticiq-platform-", StringComparison.Ordinal)),
            StringComparer.Ordinal);

    [Fact]
    public void A_machine_without_the_platform_misses_only_what_must_be_there()
    {
        var survey = new FilesSurvey(_files, DateTimeOffset.UnixEpoch).Walk(TestContext.Current.CancellationToken);
        Assert.True(survey.IsIncomplete);
        Assert.DoesNotContain(survey.Selection.Entries, entry => entry.Entry.Optional && entry.State == EntryState.Missing);
        Assert.Contains(survey.Selection.Entries, entry => entry.State == EntryState.Missing);
    }

    [Fact]
    public void The_schema_knows_every_program_whose_configurations_are_understood()
    {
        var lines = string.Concat(CertificateSearch.Programs.Select(program => $"        {program}: [/etc/x.conf]\n"));
        Assert.Empty(ProfileReader.FindMistakes($"platform: x\ncomponents:\n  files:\n    groups: {{ A: [/etc/x] }}\n    certificates:\n      configurations:\n{lines}"));
    }

    private static FileEntry Entry(string path) => _files.Groups.SelectMany(group => group.Entries).Single(entry => entry.Path == path);

    private static IEnumerable<(string Group, string Path)> Published()
    {
        var group = "";
        foreach (var line in File.ReadLines(SourceTree.PathOf("tests/Holdfast.Tests/Profiles/seed-paths.txt")))
        {
            var path = line.IndexOf("- /", StringComparison.Ordinal);
            if (path < 0) group = line.TrimStart('#', ' ').Split(',')[0];
            else yield return (group, line.Contains("[email", StringComparison.Ordinal) ? _garbled.Dequeue() : line[(path + 2)..]);
        }
    }
}
