using System.Text.Json.Nodes;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Cli;

public sealed class CommandLineTests : IDisposable
{
    private readonly Stage _stage = new();

    public void Dispose() => _stage.Dispose();

    [Theory]
    [InlineData("bakcup")]
    [InlineData("backup", "--nothing")]
    [InlineData("points")]
    [InlineData("points", "diff", "one")]
    [InlineData("restore", "one", "two")]
    [InlineData("completions", "tcsh")]
    [InlineData("")]
    public async Task What_can_not_be_understood_is_told_with_a_hint_and_exit_code_2(params string[] arguments)
    {
        Assert.Equal(ExitCode.Usage, await _stage.RunAsync(arguments));
        Assert.Matches(@"^error: .+ \[HF-USAGE\]\n  hint: See what it takes with 'holdfast[a-z ]* --help'\.\n$", _stage.Errors);
        Assert.Equal("", _stage.Output);
    }

    [Theory]
    [InlineData("error: There is no command 'setpu'. Did you mean 'setup'? [HF-USAGE]", "setpu")]
    [InlineData("error: There is no command 'lst'. Did you mean 'list'? [HF-USAGE]", "points", "lst")]
    [InlineData("error: 'hot' is no mode: cold, online, quiesced. [HF-USAGE]", "backup", "--mode", "hot")]
    [InlineData("error: 'tcsh' is no shell: bash, fish, zsh. [HF-USAGE]", "completions", "tcsh")]
    [InlineData("error: --target is empty. [HF-USAGE]", "restore", "--repository", "/nowhere", "--target", "")]
    public async Task A_word_that_is_not_known_is_told_with_those_that_are(string told, params string[] arguments)
    {
        _stage.Environment["RESTIC_PASSWORD"] = "x";
        Assert.Equal(ExitCode.Usage, await _stage.RunAsync(arguments));
        Assert.Equal(told, _stage.Errors.Split('\n')[0]);
    }

    [Fact]
    public async Task Without_arguments_the_help_is_printed()
    {
        Assert.Equal(ExitCode.Success, await _stage.RunAsync());
        Assert.Contains("backup", _stage.Output, StringComparison.Ordinal);
        Assert.Equal("", _stage.Errors);
    }

    [Fact]
    public async Task A_word_like_no_command_is_refused_with_all_commands()
    {
        Assert.Equal(ExitCode.Usage, await _stage.RunAsync("help"));
        Assert.StartsWith("error: There is no command 'help'. Expected: setup, init, check, backup,", _stage.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_profile_that_cannot_be_written_leaves_nothing_and_is_a_matter_of_output()
    {
        using var folder = new TempFolder();
        folder.Folder("p.yaml"); // a directory stands where the profile would be
        Assert.Equal(ExitCode.InTheWay, await _stage.RunAsync("setup", "--output", folder["p.yaml"]));
        Assert.Contains("[HF-PROFILE-UNWRITABLE]", _stage.Errors, StringComparison.Ordinal);
        Assert.Contains("--output", _stage.Errors, StringComparison.Ordinal);
        Assert.Equal([folder["p.yaml"]], Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public async Task With_json_a_mistake_is_an_event_too()
    {
        Assert.Equal(ExitCode.Usage, await _stage.RunAsync("bakcup", "--json"));
        var told = JsonNode.Parse(_stage.Output)!;
        Assert.Equal(("problem", "HF-USAGE", 2), ((string)told["event"]!, (string)told["code"]!, (int)told["exit_code"]!));
        Assert.Equal("", _stage.Errors);
    }

    [Theory]
    [InlineData("--help", "backup")]
    [InlineData("backup --help", "--plan")]
    [InlineData("backup --help", "--mode <online|quiesced|cold>")]
    [InlineData("restore --help", "--overwrite")]
    [InlineData("repo check --help", "--read-data-subset")]
    [InlineData("points diff --help", "--json")]
    public async Task Help_names_commands_and_options(string line, string named)
    {
        Assert.Equal(ExitCode.Success, await _stage.RunAsync(line.Split(' ')));
        Assert.Contains(named, _stage.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("holdfast re", "repo restore recover")]
    [InlineData("holdfast points ", "list show files diff")]
    [InlineData("holdfast repo check --read", "--read-data --read-data-subset")]
    [InlineData("holdfast backup --mode ", "cold online quiesced")]
    [InlineData("holdfast completions ", "bash fish zsh")]
    public async Task Shells_are_told_what_may_come_next(string line, string expected)
    {
        Assert.Equal(ExitCode.Success, await _stage.RunAsync($"[suggest:{line.Length}]", line));
        var suggested = _stage.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Each.Holds(expected.Split(' '), word => Assert.Contains(word, suggested));
    }

    [Fact]
    public async Task Completions_work_in_bash()
    {
        Require.Program("bash");
        await _stage.RunAsync("completions", "bash");
        // The program itself is stood in for by a function: the script only has to hand the line over and filter the answer.
        var script = _stage.Output + """
            fake() { if [ "$1 $2" = '[suggest:7] fake re' ]; then printf '%s\n' repo restore --repository; fi; }
            COMP_WORDS=(fake re) COMP_CWORD=1 COMP_LINE='fake re' COMP_POINT=7
            _holdfast; printf '%s ' "${COMPREPLY[@]}"; complete -p holdfast
            """;
        var result = (await Command.BashAsync(script)).Succeeded();
        Assert.StartsWith("repo restore complete", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Completions_work_in_zsh()
    {
        Require.Program("zsh");
        await _stage.RunAsync("completions", "zsh");
        // Outside of its line editor zsh has neither compdef nor compadd, and BUFFER and CURSOR are variables like any other.
        var script = "compdef() { print \"$@\" }; compadd() { print -r -- ${(P)2} }; _files() { print files }\n" + _stage.Output + """
            fake() { if [[ "$1 $2" == '[suggest:7] fake re' ]]; then print -l repo 'two words'; fi }
            words=(fake re) BUFFER='fake re' CURSOR=7; _holdfast; BUFFER='fake other'; _holdfast
            """;
        var result = (await Command.RunAsync("zsh", ["-f", "-c", script])).Succeeded();
        Assert.Equal("_holdfast holdfast\nrepo two words\nfiles\n", result.Output);
    }

    [Fact]
    public async Task Completions_work_in_fish()
    {
        Require.Program("fish");
        await _stage.RunAsync("completions", "fish");
        var script = _stage.Output + """
            function holdfast; if test "$argv" = '[suggest:11] holdfast re'; printf '%s\n' repo restore; end; end
            complete -C 'holdfast re'
            """;
        var result = (await Command.RunAsync("fish", ["--no-config", "-c", script])).Succeeded();
        Assert.Equal("repo\nrestore\n", result.Output);
        Assert.Empty(result.Errors);
    }

    [Fact]
    public async Task Nothing_is_suggested_after_a_switch_but_what_comes_next()
    {
        const string line = "holdfast restore --overwrite ";
        await _stage.RunAsync($"[suggest:{line.Length}]", line);
        var suggested = _stage.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains("--target", suggested);
        Assert.DoesNotContain("True", suggested);
        Assert.DoesNotContain("/?", suggested);
    }

    [Fact]
    public async Task The_schema_is_printed_as_it_ships()
    {
        Assert.Equal(ExitCode.Success, await _stage.RunAsync("profile", "schema"));
        Assert.Equal(ProfileReader.SchemaText.TrimEnd('\n') + "\n", _stage.Output);
    }

    [Fact]
    public async Task The_sample_profile_is_valid()
    {
        Assert.Equal(ExitCode.Success, await _stage.RunAsync("profile", "validate", SourceTree.PathOf("profiles/sample.yaml")));
        Assert.Contains("components files, postgres/main", _stage.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_profile_that_is_named_but_not_there_is_told_by_its_path()
    {
        _stage.Environment["HOLDFAST_PROFILE"] = "/nowhere/profile.yaml";
        Assert.Equal(ExitCode.Usage, await _stage.RunAsync("backup"));
        Assert.Contains("/nowhere/profile.yaml", _stage.Errors, StringComparison.Ordinal);
        Assert.Contains("[HF-PROFILE-MISSING]", _stage.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_option_goes_before_the_environment()
    {
        _stage.Environment["HOLDFAST_PROFILE"] = "/nowhere/by-environment.yaml";
        await _stage.RunAsync("backup", "--profile", "/nowhere/by-option.yaml");
        Assert.Contains("by-option", _stage.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stack_trace_is_shown_only_when_it_is_asked_for()
    {
        _stage.Environment["HOLDFAST_PROFILE"] = "/nowhere/profile.yaml";
        await _stage.RunAsync("backup");
        Assert.DoesNotContain("   at ", _stage.Errors, StringComparison.Ordinal);
        _stage.Environment["HOLDFAST_DEBUG"] = "1";
        await _stage.RunAsync("backup");
        Assert.Contains("   at ", _stage.Errors, StringComparison.Ordinal);
    }
}
