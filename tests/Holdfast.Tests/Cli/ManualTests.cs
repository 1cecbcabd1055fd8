using System.CommandLine;
using System.Text.Json;
using System.Text.RegularExpressions;
using Holdfast.Cli.Commands;
using Holdfast.Cli.Manual;
using Holdfast.Cli.Sessions;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Cli;

/// <summary>The manual says what the program does. The referee of its form is man itself.</summary>
public sealed partial class ManualTests
{
    private static readonly RootCommand Root = CommandTree.Make(new Launcher(Surroundings.OfProcess()));

    private static IReadOnlyList<RoffPage> Pages => ManCommand.Pages(Root);

    [Fact]
    public void Every_command_has_a_page_that_has_every_option_and_argument_of_it()
    {
        Assert.NotEmpty(Root.Subcommands);
        foreach (var command in Root.Subcommands)
        {
            var page = Pages.Single(page => page.Section == 1 && page.Name == $"holdfast-{command.Name}").Text;
            foreach (var leaf in Leaves(command))
            {
                var options = leaf.Options.Select(option => $"\\fB{RoffPage.Escape(option.Name)}");
                var arguments = leaf.Arguments.Select(argument => $"\\fB{RoffPage.Escape(argument.Name.ToUpperInvariant())}\\fR");
                foreach (var option in options) Assert.Contains(option, page.Replace(", ", "\\fB", StringComparison.Ordinal), StringComparison.Ordinal);
                foreach (var argument in arguments) Assert.Contains(argument, page, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void Every_example_is_understood() =>
        Each.Holds(Examples.Lines, line => Assert.Empty(Root.Parse(line["holdfast ".Length..].Split(' ')).Errors));

    [Fact]
    public void Every_command_has_an_example_or_documentation_of_its_own()
    {
        string[] elsewhere = ["postgres", "search", "packages"]; // docs/wal.md, docs/search.md
        Each.Holds(Root.Subcommands, command => Assert.True(Examples.Of(command.Name).Count > 0 || elsewhere.Contains(command.Name, StringComparer.Ordinal), command.Name));
    }

    [Fact]
    public void Every_exit_code_and_problem_and_key_of_a_profile_is_told()
    {
        Assert.Equal(Enum.GetValues<ExitCode>().Select(code => $"{(int)code}"), VerbPages.ExitCodes);
        var problems = Pages.Single(page => page.Name == "holdfast-problems").Text;
        Each.Holds(Catalogue.All, kind => Assert.Contains($"\\fB{RoffPage.Escape(kind.Code)}\\fR", problems, StringComparison.Ordinal));
        Assert.Contains("\\fBwarn\\-days\\fR", Pages.Single(page => page.Section == 5).Text, StringComparison.Ordinal);
        Assert.NotEmpty(ProfileReader.SchemaText);
    }

    [Fact]
    public void The_page_of_profiles_has_every_key_and_every_section_that_it_refers_to()
    {
        var page = Pages.Single(page => page.Section == 5).Text;
        var titles = Titles().Matches(page).Select(match => match.Groups["title"].Value).ToHashSet(StringComparer.Ordinal);
        var references = References().Matches(page).Select(match => match.Groups["title"].Value).Distinct(StringComparer.Ordinal).ToList();
        Assert.Contains("DURATION", references);
        Each.Holds(references, reference => Assert.Contains(reference, titles));
        string[] keys =
        [
            "rest.ca", "rclone.config", "points.keep\\-last", "wal.window", "pins.reason", "retry.sql", "compression",
            .. ServeKeys().Select(key => $"serve.{RoffPage.Escape(key)}"),
        ];
        Each.Holds(keys, key => Assert.Contains($"\\fB{key}\\fR", page, StringComparison.Ordinal));
        Assert.Contains("Takes a list, each item a mapping (see POSTGRES).", page, StringComparison.Ordinal);
        Assert.Contains("Takes a value, or a mapping (see REDIS TLS).", page, StringComparison.Ordinal);
    }

    [Fact]
    public void The_page_of_restore_explains_patterns_and_a_restore_by_hand()
    {
        var page = Pages.Single(page => page.Name == "holdfast-restore").Text;
        Assert.Contains(".SH \"PATTERNS\"", page, StringComparison.Ordinal);
        Assert.Contains(RoffPage.Escape("holdfast restore --only files --include /etc/nginx/nginx.conf"), page, StringComparison.Ordinal);
        Assert.Contains(RoffPage.Escape("psql -X -d postgres -v ON_ERROR_STOP=1 -f restore.sql"), page, StringComparison.Ordinal);
    }

    private static IEnumerable<string> ServeKeys()
    {
        using var schema = JsonDocument.Parse(ProfileReader.SchemaText);
        return [.. schema.RootElement.GetProperty("properties").GetProperty("serve").GetProperty("properties").EnumerateObject().Select(key => key.Name)];
    }

    [GeneratedRegex("^(\\.SH \"|\\\\fB)(?<title>[A-Z ]+)(\"|\\\\fR)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Titles();

    [GeneratedRegex(@"\(see (?<title>[A-Z ]+?)( in VALUES)?\)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex References();

    [Fact]
    public async Task Man_warns_of_nothing()
    {
        var man = Require.Program("man");
        Require.Program("groff");
        using var folder = new TempFolder();
        Assert.NotEmpty(Pages);
        foreach (var page in Pages)
        {
            var file = folder.Write($"{page.Name}.{page.Section}", page.Text);
            var shown = await Holdfast.Testing.Command.RunAsync(man, ["--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", file], [new("MANWIDTH", "80"), new("LC_ALL", "C.UTF-8")]);
            Assert.True(shown.ExitCode == 0 && shown.Errors.Length == 0 && shown.OutputBytes.Length > 500, $"{page.Name}: {shown.Errors}");
        }
    }

    private static IEnumerable<System.CommandLine.Command> Leaves(System.CommandLine.Command command) => command.Subcommands.SelectMany(Leaves).Append(command);
}
