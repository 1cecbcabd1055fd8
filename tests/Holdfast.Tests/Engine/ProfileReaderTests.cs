using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Engine;

public sealed class ProfileReaderTests
{
    private const string Whole = """
        platform: sample
        repository:
          path: /var/backups/holdfast
          password: { file: /etc/holdfast/password }
          compression: 3
        components:
          files:
            groups:
              General: [ /etc/environment, { path: /etc/x.repo, optional: true }, "/etc/nginx/conf.d/*.conf" ]
            exclude: [ "*.pyc", /etc/nginx/cache ]
            certificates: { discover: true, warn-days: 30 }
          postgres:
            - name: main
              method: dump
              connection: { host: /var/run/postgresql, port: 5432, user: postgres, database: postgres, password: { env: PGPASSWORD }, sslmode: prefer }
              databases: all
              exclude-databases: []
              jobs: 2
            - name: other
              databases: [ a, b ]
        services:
          - name: platform
            units: [ backend.service, "worker*.service" ]

        """;

    [Fact]
    public void A_whole_profile_is_read()
    {
        var profile = ProfileReader.Parse(Whole, "/etc/holdfast/sample.yaml");
        Assert.Equal("sample", profile.Platform);
        Assert.Equal("/etc/holdfast", profile.Folder);
        Assert.Equal(Whole, profile.Source);
        var main = profile.Root["components"]["postgres"].Items[0];
        Assert.Equal(5432, main["connection"]["port"].Integer);
        Assert.Equal(new ProfilePlace(13, 13), main["name"].Place);
        Assert.True(profile.Root["components"]["files"]["groups"]["General"].Items[1]["optional"].Boolean);
    }

    [Fact]
    public void Several_mistakes_are_all_listed_at_their_places()
    {
        var mistakes = ProfileReader.FindMistakes("""
            platfrom: sample
            repository:
              compression: fast
            components:
              files:
                groups:
                  General: [ etc/environment, { path: /etc/x, optional: maybe } ]
              postgres:
                - name: main
                  method: tape
            """);
        Assert.Equal(
            [
                "line 1, column 1: 'platform' is missing.",
                "line 1, column 1: 'platfrom' is not known here. Did you mean 'platform'?",
                "line 3, column 16: repository.compression: expected a whole number, found 'fast'.",
                "line 7, column 18: components.files.groups.General[0]: 'etc/environment' does not fit. Expected: An absolute path, or a pattern of one: * and ? stand for anything but a slash, [abc] for one of these characters.",
                "line 7, column 61: components.files.groups.General[1].optional: expected true or false, found 'maybe'.",
                "line 10, column 15: components.postgres[0].method: 'tape' is not possible here. Expected: dump, base, cold.",
            ],
            mistakes.Select(mistake => mistake.ToString()), StringComparer.Ordinal);
    }

    [Theory]
    [InlineData("platform: 7", "line 1, column 11: platform: expected text, found the number 7 (text needs quotes).")]
    [InlineData("platform: true", "line 1, column 11: platform: expected text, found true (text needs quotes).")]
    [InlineData("platform:", "line 1, column 10: platform: expected text, found nothing.")]
    [InlineData("platform: Sample One", "line 1, column 11: platform: 'Sample One' does not fit. Expected: A short name: lower-case letters, digits, dot, dash and underscore, beginning with a letter or digit.")]
    [InlineData("platform: a\nplatform: b", "line 2, column 1: 'platform' stands here a second time; the first is on line 1.")]
    [InlineData("platform: &a b", "line 1, column 11: platform: anchors (&name) are not used in profiles; write the value out.")]
    [InlineData("platform: !!str b", "line 1, column 11: platform: tags (!name) are not used in profiles; leave it out.")]
    [InlineData("platform: a\nrepository: { password: hunter2 }", "line 2, column 25: repository.password: expected a mapping, found text.")]
    [InlineData("platform: a\ncomponents: { search: [{ name: main, url: 'https://me:hunter2@host' }] }", "line 2, column 43: components.search[0].url: 'https://...@host' does not fit. Expected: An address, beginning with http:// or https://, without a user or password in it.")]
    [InlineData("platform: a\nrepository: { password: { file: a, env: B } }", "line 2, column 25: repository.password: expected exactly one of file, env, credential, command.")]
    [InlineData("platform: a\nrepository: { password: {} }", "line 2, column 25: repository.password: expected exactly one of file, env, credential, command.")]
    [InlineData("platform: a\nrepository: { path: '' }", "line 2, column 21: repository.path: expected some text, found none.")]
    [InlineData("platform: a\nrepository: { compression: 20 }", "line 2, column 28: repository.compression: 20 is more than 19.")]
    [InlineData("platform: a\ncomponents: {}", "line 2, column 13: components: expected at least one of files, postgres, queues, search.")]
    [InlineData("platform: a\ncomponents: { postgres: [ { name: a }, { name: a } ] }", "line 2, column 48: components.postgres: the name 'a' is taken already, on line 2.")]
    [InlineData("platform: a\ncomponents: { postgres: [ { name: a, databases: app } ] }", "line 2, column 49: components.postgres[0].databases: expected 'all' or a list, found 'app'.")]
    [InlineData("platform: a\nretention: { points: { keep-last: zwei } }", "line 2, column 35: retention.points.keep-last: expected a whole number or 'unlimited', found 'zwei'.")]
    [InlineData("platform: a\ncomponents: { postgres: [ { name: a, databases: [ x, x ] } ] }", "line 2, column 54: components.postgres[0].databases: 'x' stands in the list twice.")]
    [InlineData("platform: a\ncomponents: { postgres: [ { name: a, databases: 3 } ] }", "line 2, column 49: components.postgres[0].databases: expected 'all' or a list, found the number 3 (text needs quotes).")]
    [InlineData("platform: a\n---\nplatform: b", "line 2, column 1: a second document begins here; a profile is one document.")]
    [InlineData("", "line 1, column 1: the profile is empty.")]
    [InlineData("# nothing\n", "line 1, column 1: the profile is empty.")]
    [InlineData("- a", "line 1, column 1: expected a mapping, found a list.")]
    [InlineData("platform: a\ncomponents:\n\tfiles: {}\n", "line 3, column 1: a tab stands here; YAML is indented by spaces.")]
    [InlineData("platform: a\ncomponents:\n  files:\n    groups: { G: [ /x ] }\n    exclude: [ 'a/[b' ]", "line 5, column 16: components.files.exclude: The pattern 'a/[b' cannot be read: a bracket is not closed.")]
    [InlineData("platform: a\ncomponents:\n  files:\n    groups: { G: [ '/etc/[!a]*', /x ] }", "line 4, column 20: components.files.groups.G: '/etc/[!a]*' is not clear. Write [^...] for a character that is not in a set.")]
    [InlineData("platform: a\ncomponents:\n  files:\n    groups: { G: [ { path: '/etc/x\\' } ] }", "line 4, column 28: components.files.groups.G: The pattern '/etc/x\\' cannot be read: a backslash is last.")]
    public void A_mistake_says_where_it_stands_and_what_is_expected(string text, string mistake) =>
        Assert.Contains(mistake, ProfileReader.FindMistakes(text).Select(found => found.ToString()), StringComparer.Ordinal);

    [Theory]
    [InlineData("platform: a\nrepository: { path: /x\ncomponents: b", 2)]
    [InlineData("platform: \"a\nb: c", 1)]
    [InlineData("a: b: c", 1)]
    [InlineData("? [a]\n: b", 1)]
    [InlineData("a: *b", 1)]
    public void What_is_not_YAML_is_named_with_its_line(string text, int line) => Assert.Equal(line, ProfileReader.FindMistakes(text)[0].Place.Line);

    [Fact]
    public void Nesting_without_end_does_not_end_the_program() =>
        Assert.Contains("nested", ProfileReader.FindMistakes(new string('[', 5000))[0].Message, StringComparison.Ordinal);

    [Fact]
    public void No_beginning_of_a_profile_makes_the_reader_fail_otherwise()
    {
        for (var length = 0; length < Whole.Length; length++) Assert.NotNull(ProfileReader.FindMistakes(Whole[..length]));
    }

    [Fact]
    public void No_slip_of_the_fingers_makes_the_reader_fail_otherwise()
    {
        var random = new Random(7);
        for (var i = 0; i < 500; i++)
        {
            var text = Whole.ToCharArray();
            for (var slips = random.Next(1, 4); slips > 0; slips--) text[random.Next(text.Length)] = " \t\n:-[]{},'\"|>&*!#%@`?a\0"[random.Next(24)];
            Assert.NotNull(ProfileReader.FindMistakes(new string(text)));
        }
    }

    [Fact]
    public void The_problem_lists_every_mistake()
    {
        using var folder = new TempFolder();
        var file = folder.Write("p.yaml", "platform: 1\nx: 2\n");
        var problem = Assert.Throws<ProblemException>(() => ProfileReader.ReadFile(file)).Problem;
        Assert.Equal("HF-PROFILE-INVALID", problem.Code);
        Assert.Equal(ExitCode.Usage, problem.Exit);
        Assert.Equal(3, problem.Details.Count);
        Assert.Equal($"The profile {file} has 3 mistakes.", problem.Message);
    }

    [Fact]
    public void A_profile_that_can_not_be_read_says_why()
    {
        using var folder = new TempFolder();
        Assert.Contains("does not exist", Refused(folder["none.yaml"]), StringComparison.Ordinal);
        Assert.Contains("is a directory", Refused(folder.Folder("folder.yaml")), StringComparison.Ordinal);
        File.WriteAllBytes(folder["latin1.yaml"], [.. "platform: caf"u8, 0xE9]);
        Assert.Contains("not UTF-8", Refused(folder["latin1.yaml"]), StringComparison.Ordinal);
    }

    private static string Refused(string file) => Assert.Throws<ProblemException>(() => ProfileReader.ReadFile(file)).Problem.Message;
}
