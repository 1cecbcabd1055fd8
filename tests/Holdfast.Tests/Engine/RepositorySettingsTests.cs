using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Restic.Backends;
using Holdfast.Restic.S3;
using Holdfast.Restic.Sftp;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Engine;

public sealed class RepositorySettingsTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly Dictionary<string, string> _environment = new(StringComparer.Ordinal);
    private readonly ScriptedHost _host = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_profile_comes_first()
    {
        _environment["RESTIC_REPOSITORY"] = "/elsewhere";
        _environment["RESTIC_PASSWORD"] = "other";
        _folder.Write("pw", "mine\n");
        var settings = await Read("{ path: repo, password: { file: pw }, compression: 7 }");
        Assert.Equal((_folder["repo"], "mine", 7), (settings.Path, settings.Password, settings.Options.CompressionLevel));
    }

    [Fact]
    public async Task What_the_profile_does_not_say_comes_from_restics_variables()
    {
        _environment["RESTIC_REPOSITORY"] = "local:/srv/repo";
        _environment["RESTIC_PASSWORD"] = " spaces stay ";
        var settings = await Read("{}");
        Assert.Equal(("/srv/repo", " spaces stay "), (settings.Path, settings.Password));
        _environment["RESTIC_PASSWORD_FILE"] = _folder.Write("pw", "\tfrom file \n\n");
        Assert.Equal("from file", (await Read("{}")).Password);
        _environment.Remove("RESTIC_PASSWORD_FILE");
        _environment["RESTIC_PASSWORD_COMMAND"] = "pass show 'my repo' a\\ b";
        _host.On("pass", "from command\n");
        Assert.Equal("from command", (await Read("{}")).Password);
        Assert.Equal(["show", "my repo", "a b"], _host.Calls[0].Arguments);
    }

    [Fact]
    public async Task A_file_may_name_the_repository()
    {
        _environment["RESTIC_REPOSITORY_FILE"] = _folder.Write("place", "/srv/repo\n");
        _environment["RESTIC_PASSWORD"] = "x";
        Assert.Equal("/srv/repo", (await Read("{}")).Path);
    }

    [Theory]
    [InlineData("RESTIC_PASSWORD=x", "HF-REPO-UNSET")]
    [InlineData("RESTIC_REPOSITORY=/r", "HF-SECRET-UNSET")]
    [InlineData("RESTIC_REPOSITORY=s3:bucket/x", "HF-REPO-UNSUPPORTED")]
    [InlineData("RESTIC_REPOSITORY=sftp:host:~/x", "HF-REPO-UNSUPPORTED")]
    [InlineData("RESTIC_REPOSITORY=b2:bucket:x", "HF-REPO-UNSUPPORTED")]
    [InlineData("RESTIC_REPOSITORY=/r RESTIC_REPOSITORY_FILE=/f", "HF-REPO-CONFLICT")]
    [InlineData("RESTIC_REPOSITORY_FILE=/none", "HF-REPO-UNSET")]
    [InlineData("RESTIC_REPOSITORY=/r RESTIC_PASSWORD_FILE=/f RESTIC_PASSWORD_COMMAND=c", "HF-REPO-CONFLICT")]
    [InlineData("RESTIC_REPOSITORY=/r RESTIC_PASSWORD_COMMAND='open", "HF-SECRET-UNREADABLE")]
    [InlineData("RESTIC_REPOSITORY=/r RESTIC_PASSWORD_FILE=/none", "HF-SECRET-UNREADABLE")]
    public async Task Settings_that_lead_nowhere_are_refused(string variables, string code)
    {
        foreach (var variable in variables.Split(' ')) _environment[variable.Split('=')[0]] = variable.Split('=')[1];
        Assert.Equal(code, (await Assert.ThrowsAsync<ProblemException>(() => Read("{}"))).Problem.Code);
    }

    [Theory]
    [InlineData("{}", "by url", "a:b", "rest:http://by%20url:a%3Ab@host:8000/x")]
    [InlineData("{ path: 'rest:http://host:8000/x', rest: { user: by profile, password: { env: SECRET } } }", "by profile", "sesame", "/other")]
    [InlineData("{}", "by variable", "variable's", "rest:http://host:8000/x")]
    public async Task Who_we_are_to_a_server_comes_from_its_location_the_profile_or_the_environment(string repository, string user, string password, string variable)
    {
        foreach (var (name, value) in new[] { ("RESTIC_REPOSITORY", variable), ("RESTIC_PASSWORD", "x"), ("SECRET", "sesame"), ("RESTIC_REST_USERNAME", "by variable"), ("RESTIC_REST_PASSWORD", "variable's") })
            _environment[name] = value;
        var settings = await Read(repository);
        Assert.Equal("rest:http://host:8000/x/", settings.Path);
        Assert.Equal((user, password), (settings.Rest!.User, settings.Rest.Password));
        Assert.DoesNotContain(password, settings.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{ path: 's3:host/shop', s3: { access-key: mine, secret-key: { env: SECRET }, session-token: { env: TOKEN } } }", "", "mine", "sesame", "open")]
    [InlineData("{ path: 's3:host/shop' }", "AWS_ACCESS_KEY_ID=var AWS_SECRET_ACCESS_KEY=var's AWS_SESSION_TOKEN=t", "var", "var's", "t")]
    [InlineData("{ path: 's3:host/shop', s3: { region: eu-central-1 } }", "AWS_SHARED_CREDENTIALS_FILE={file}", "ONE", "1+/=", null)]
    [InlineData("{ path: 's3:host/shop' }", "HOME={home} AWS_PROFILE=shop", "TWO", "two", "temporary")]
    [InlineData("{}", "RESTIC_REPOSITORY=s3:host/shop HOME={home} RESTIC_PASSWORD=x", "ONE", "1+/=", null)]
    public async Task Keys_of_an_object_store_come_from_the_profile_the_environment_or_the_file_of_AWS(string repository, string variables, string access, string secret, string? token)
    {
        var file = _folder.Write(".aws/credentials", "# comment\n[default]\naws_access_key_id = ONE\naws_secret_access_key=1+/=\nregion = x\n\n[shop]\nAWS_ACCESS_KEY_ID = TWO\n; aws_secret_access_key = none\naws_secret_access_key = two\r\naws_session_token = temporary\n");
        foreach (var (name, value) in new[] { ("SECRET", "sesame"), ("TOKEN", "open"), ("RESTIC_PASSWORD", "x") }) _environment[name] = value;
        foreach (var variable in variables.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            _environment[variable.Split('=')[0]] = variable.Split('=', 2)[1].Replace("{file}", file, StringComparison.Ordinal).Replace("{home}", _folder.Path, StringComparison.Ordinal);
        var settings = await Read(repository);
        Assert.Equal("s3:https://host/shop", settings.Path);
        Assert.Equal(new S3Keys(access, secret, token), await settings.S3!.Keys!(CancellationToken.None));
        Assert.DoesNotContain(secret, settings.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("AWS_ACCESS_KEY_ID=x")]
    [InlineData("AWS_SECRET_ACCESS_KEY=hunter2")]
    [InlineData("AWS_SHARED_CREDENTIALS_FILE=/none")]
    [InlineData("AWS_PROFILE=none HOME=/none")]
    public async Task An_object_store_without_keys_is_refused(string variables)
    {
        _environment["RESTIC_PASSWORD"] = "x";
        foreach (var variable in variables.Split(' ', StringSplitOptions.RemoveEmptyEntries)) _environment[variable.Split('=')[0]] = variable.Split('=')[1];
        var problem = (await Assert.ThrowsAsync<ProblemException>(() => Read("{ path: 's3:host/shop' }"))).Problem;
        Assert.Equal("HF-REPO-REFUSED", problem.Code);
        Assert.DoesNotContain("hunter2", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_of_a_profile_go_to_its_own_store_alone()
    {
        _environment["RESTIC_PASSWORD"] = "x";
        _environment["SECRET"] = "sesame";
        var settings = await Read("{ path: 's3:host/shop', s3: { access-key: mine, secret-key: { env: SECRET } } }");
        Assert.True(IsSigned("s3:host/other"));
        Assert.False(IsSigned("s3:http://host/shop"));
        Assert.False(IsSigned("s3:host:444/shop"));

        bool IsSigned(string location) => ((S3Backend)settings.BackendOf(location)).IsSigned;
    }

    [Theory]
    [InlineData("s3:https://key:hunter2@host/shop")]
    [InlineData("s3:host")]
    [InlineData("rest:http://user:hunter2@host/x")]
    [InlineData("rest:ftp://host/x")]
    [InlineData("rest:")]
    [InlineData("sftp:host:~/hunter2")]
    [InlineData("sftp://user:hunter2@host/x")]
    public void A_location_in_a_profile_is_whole_and_without_a_password(string location)
    {
        var mistake = Assert.Single(ProfileReader.FindMistakes($"platform: p\nrepository: {{ path: '{location}' }}\ncomponents: {{ postgres: [ {{ name: main }} ] }}"));
        Assert.DoesNotContain("hunter2", mistake.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Files_of_ssh_are_those_of_the_server_that_the_profile_names_and_no_other_user_may_write_them()
    {
        _environment["RESTIC_PASSWORD"] = "x";
        _folder.Write("id", "key");
        _host.On("ssh", "");
        const string repository = "{ path: 'sftp:backup@host:/x/', sftp: { identity: id, known-hosts: known, config: conf } }";
        var settings = await Read(repository);
        Assert.Equal("sftp:backup@host:/x", settings.Path);
        foreach (var place in new[] { "sftp:backup@host:/y", "sftp:other:/x" })
            await (await settings.Sftp.Program!(SftpLocation.Parse(place)).StartAsync(CancellationToken.None)).DisposeAsync();
        Assert.Equal(["-F", _folder["conf"]], _host.Calls[0].Arguments.Take(2));
        Assert.Contains($"IdentityFile=\"{_folder["id"]}\"", _host.Calls[0].Arguments);
        Assert.Contains($"UserKnownHostsFile=\"{_folder["known"]}\"", _host.Calls[0].Arguments);
        Assert.DoesNotContain(_host.Calls[1].Arguments, word => word.Contains(_folder.Path, StringComparison.Ordinal));
        File.SetUnixFileMode(_folder["id"], UnixFileMode.UserRead | UnixFileMode.GroupWrite);
        Assert.Equal("HF-PATH-UNSAFE", (await Assert.ThrowsAsync<ProblemException>(() => Read(repository))).Problem.Code);
    }

    [Theory]
    [InlineData("{ path: 'rest:http://host/x', connections: 2, limit-upload: 10MiB }", null, null, 2, 10L << 20, null)]
    [InlineData("{ path: 'rclone:store:x', limit-upload: 10MiB, limit-download: 500KiB }", 7L, null, 5, 7L, 500L << 10)]
    [InlineData("{ path: 'sftp:host:x', limit-upload: 10MiB, limit-download: 1GiB }", 0L, 9L, 5, null, 9L)]
    public async Task Limits_are_the_profiles_unless_others_are_given(string repository, long? upload, long? download, int connections, long? sent, long? received)
    {
        _environment["RESTIC_PASSWORD"] = "x";
        var settings = await Read(repository, new TransferLimits(null, upload, download));
        var traffic = (settings.Rest ?? (RemoteOptions)settings.Sftp).Traffic;
        Assert.Equal((connections, sent, received), (traffic.Connections, traffic.Upload?.BytesPerSecond, traffic.Download?.BytesPerSecond));
        Assert.Equal(connections, repository.Contains("rclone", StringComparison.Ordinal) ? connections : settings.Backend.Concurrency);
    }

    [Fact]
    public async Task A_file_of_authorities_that_holds_none_is_refused()
    {
        foreach (var (name, value) in new[] { ("RESTIC_REPOSITORY", "rest:https://host/x"), ("RESTIC_PASSWORD", "x"), ("RESTIC_CACERT", _folder.Write("ca.pem", "nothing")) })
            _environment[name] = value;
        Assert.Equal("HF-REPO-REFUSED", (await Assert.ThrowsAsync<ProblemException>(() => Read("{}"))).Problem.Code);
    }

    [Fact]
    public void The_password_is_in_no_text() =>
        Assert.DoesNotContain("hunter2", new RepositorySettings("/r", "hunter2").ToString(), StringComparison.Ordinal);

    private Task<RepositorySettings> Read(string repository, TransferLimits limits = default)
    {
        var profile = ProfileReader.Parse($"platform: p\nrepository: {repository}\ncomponents: {{ postgres: [ {{ name: main }} ] }}", _folder["p.yaml"]);
        string? Environment(string name) => _environment.GetValueOrDefault(name);
        return new RepositorySettingsReader(_host, new SecretReader(_host, Environment, profile.Folder), Environment) { Limits = limits }.ReadAsync(profile, CancellationToken.None);
    }
}
