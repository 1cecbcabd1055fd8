using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Engine;

public sealed class SecretReaderTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly Dictionary<string, string> _environment = new(StringComparer.Ordinal);
    private readonly List<Problem> _warnings = [];
    private readonly ScriptedHost _host = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("hunter2", "hunter2")]
    [InlineData("hunter2\n", "hunter2")]
    [InlineData("hunter2\r\n", "hunter2")]
    [InlineData("hunter2\n\n", "hunter2\n")]
    [InlineData(" p w ", " p w ")]
    public async Task One_line_break_at_the_end_is_not_part_of_a_secret(string content, string secret)
    {
        _folder.Write("secret", content);
        Assert.Equal(secret, await Read("{ file: secret }"));
    }

    [Fact]
    public async Task A_file_that_everybody_can_read_is_a_warning()
    {
        var path = _folder.Write("secret", "x");
        File.SetUnixFileMode(path, (UnixFileMode)0b110_000_000);
        await Read($"{{ file: {path} }}");
        Assert.Empty(_warnings);
        File.SetUnixFileMode(path, (UnixFileMode)0b110_100_100);
        await Read($"{{ file: {path} }}");
        Assert.Equal("HF-SECRET-EXPOSED", Assert.Single(_warnings).Code);
    }

    [Fact]
    public async Task Environment_credentials_and_commands_tell_secrets()
    {
        _folder.Write("credentials/pw", "from systemd");
        _environment["PW"] = "from environment";
        _environment["CREDENTIALS_DIRECTORY"] = _folder["credentials"];
        _host.On("pass", "from command\n");
        Assert.Equal("from environment", await Read("{ env: PW }"));
        Assert.Equal("from systemd", await Read("{ credential: pw }"));
        Assert.Equal("from command", await Read("{ command: [pass, show, holdfast] }"));
        Assert.Equal(["show", "holdfast"], _host.Calls[0].Arguments);
    }

    [Theory]
    [InlineData("{ file: none }", "HF-SECRET-UNREADABLE", "none")]
    [InlineData("{ file: empty }", "HF-SECRET-EMPTY", "empty")]
    [InlineData("{ file: / }", "HF-SECRET-UNREADABLE", "/")]
    [InlineData("{ file: /dev/zero }", "HF-PATH-UNSAFE", "/dev/zero")]
    [InlineData("{ file: large }", "HF-SECRET-UNREADABLE", "larger than 65536 bytes")]
    [InlineData("{ env: NONE }", "HF-SECRET-UNREADABLE", "NONE")]
    [InlineData("{ env: EMPTY }", "HF-SECRET-EMPTY", "EMPTY")]
    [InlineData("{ credential: pw }", "HF-SECRET-UNREADABLE", "CREDENTIALS_DIRECTORY")]
    [InlineData("{ command: [none] }", "HF-PROGRAM-MISSING", "none")]
    [InlineData("{ command: [silent] }", "HF-SECRET-EMPTY", "silent")]
    [InlineData("{ command: [fails] }", "HF-SECRET-UNREADABLE", "exit code 3, saying: no such entry.")]
    public async Task What_can_not_be_read_is_named(string reference, string code, string named)
    {
        _folder.Write("empty", "\n");
        _folder.Write("large", new string('x', 65537));
        _environment["EMPTY"] = "";
        _host.On("silent", "\n").On("fails", "hunter2", "warming up\nno such entry.\n", 3);
        var problem = (await Assert.ThrowsAsync<ProblemException>(() => Read(reference))).Problem;
        Assert.Equal(code, problem.Code);
        Assert.Contains(named, problem.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_secret_that_another_user_could_change_is_not_used()
    {
        var path = _folder.Write("secret", "x");
        File.SetUnixFileMode(path, (UnixFileMode)0b110_110_000);
        Assert.Equal("HF-PATH-UNSAFE", (await Assert.ThrowsAsync<ProblemException>(() => Read("{ file: secret }"))).Problem.Code);
    }

    private Task<string> Read(string reference)
    {
        var profile = ProfileReader.Parse($"platform: p\nrepository: {{ password: {reference} }}\ncomponents: {{ postgres: [ {{ name: main }} ] }}", _folder["p.yaml"]);
        var reader = new SecretReader(_host, name => _environment.GetValueOrDefault(name), profile.Folder, _warnings.Add);
        return reader.ReadAsync(profile.Root["repository"]["password"], CancellationToken.None);
    }
}
