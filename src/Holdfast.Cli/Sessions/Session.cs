using System.CommandLine;
using Holdfast.Cli.Output;
using Holdfast.Cli.Output.Events;
using Holdfast.Cli.Text;
using Holdfast.Components.Files;
using Holdfast.Components.Systemd;
using Holdfast.Engine.Components;
using Holdfast.Engine.Execution;
using Holdfast.Engine.Copies;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Restic;

namespace Holdfast.Cli.Sessions;

/// <summary>
/// One call of the program: the composition root. Objects are created when a verb first uses them, so that <c>points
/// list</c> works without a profile and <c>profile validate</c> without a repository.
/// </summary>
internal sealed class Session : IAsyncDisposable
{
    /// <summary>Never the working directory: that may be a folder of another user, and a profile names commands.</summary>
    private const string UsualProfile = "/etc/holdfast/profile.yaml";

    private readonly Surroundings _surroundings;
    private readonly ParseResult _parsed;
    private readonly Lazy<Profile?> _profile;
    private Repository? _repository;

    public Session(Surroundings surroundings, IOutput output, ParseResult parsed)
    {
        (_surroundings, Output, _parsed) = (surroundings, output, parsed);
        _profile = new Lazy<Profile?>(() => ProfilePath is { } path ? ReadProfile(path) : null);
        Host = new LocalHost(surroundings.Environment);
    }

    private Session(Session other, Profile profile) : this(other._surroundings, other.Output, other._parsed) => _profile = new Lazy<Profile?>(profile);

    public IOutput Output { get; }
    public IPrompt Prompt => _surroundings.Prompt;
    public TimeProvider Clock => _surroundings.Clock;
    public IHost Host { get; }

    /// <summary>A variable of the environment, or null.</summary>
    public string? Variable(string name) => _surroundings.Environment(name);

    /// <summary>True when there is a person to ask: never with <c>--json</c>.</summary>
    public bool CanAsk => Prompt.CanAsk && !_parsed.GetValue(GlobalOptions.Json);

    /// <summary>Returns this session with another profile.</summary>
    public Session With(Profile profile) => new(this, profile);

    /// <summary>Asks for confirmation, and returns only when the answer is yes.</summary>
    /// <param name="question">Ends with "[y/N]".</param>
    /// <param name="unasked">The message when no user can confirm it.</param>
    /// <param name="refused">The message when the answer is anything else.</param>
    /// <param name="cancellation">Cancels the question.</param>
    /// <exception cref="ProblemException">It is not confirmed.</exception>
    public Task ConfirmAsync(string question, string unasked, string refused, CancellationToken cancellation) =>
        ConfirmAsync(question, Catalogue.Unconfirmed, unasked, refused, cancellation);

    /// <summary>Asks for confirmation, and returns only when the answer is yes.</summary>
    /// <param name="question">Ends with "[y/N]".</param>
    /// <param name="kind">The problem when it is not confirmed.</param>
    /// <param name="unasked">The message when no user can confirm it.</param>
    /// <param name="refused">The message when the answer is anything else.</param>
    /// <param name="cancellation">Cancels the question.</param>
    /// <exception cref="ProblemException">It is not confirmed.</exception>
    public async Task ConfirmAsync(string question, ProblemKind kind, string unasked, string refused, CancellationToken cancellation)
    {
        if (!CanAsk) throw kind.Throwable(unasked);
        if (!await AgreesAsync(question, cancellation)) throw kind.Throwable(refused);
    }

    /// <summary>Asks an interactive user; true when the answer is yes.</summary>
    public async Task<bool> AgreesAsync(string question, CancellationToken cancellation) =>
        (await Prompt.AskAsync(question, hidden: false, cancellation))?.Trim().ToUpperInvariant() is "Y" or "YES";

    /// <summary>The profile in use; null when no place has one, or its file is empty.</summary>
    public Profile? ProfileIfAny => _profile.Value;

    /// <exception cref="ProblemException">No place has one, or it has mistakes.</exception>
    public Profile Profile => ProfileIfAny ?? throw (ProfilePath is { } path ? Catalogue.ProfileInvalid.Throwable($"The profile {path} is empty.")
        : IsHidden(UsualProfile) ? ProfileReader.Denied(UsualProfile)
        : Catalogue.ProfileMissing.Throwable($"There is no profile at {UsualProfile}."));

    /// <summary>The path of the profile that is named, or of one in a usual place.</summary>
    private string? ProfilePath => Setting(GlobalOptions.Profile, "HOLDFAST_PROFILE") ?? (File.Exists(UsualProfile) ? UsualProfile : null);

    /// <summary>True when permissions keep this user from seeing whether there is a file.</summary>
    private static bool IsHidden(string path)
    {
        const int AccessDenied = 13; // errno
        try
        {
            _ = FileFacts.TryFind(path);
            return false;
        }
        catch (IOException denied) when (denied.HResult == AccessDenied)
        {
            return true;
        }
    }

    private static bool IsEmpty(string path) => new FileInfo(path) is { Exists: true, Length: 0 };

    /// <summary>An empty file is as good as none where a profile is not needed: a shell empties it before 'points profile > FILE' can fill it.</summary>
    private static Profile? ReadProfile(string path)
    {
        if (IsHidden(path)) throw ProfileReader.Denied(path);
        GuardedPath.Require(Path.GetFullPath(path), "The profile");
        return IsEmpty(path) ? null : ProfileReader.ReadFile(path);
    }

    /// <summary>The parts of the platform, as its profile describes them.</summary>
    public IReadOnlyList<IComponent> Components(Profile profile) => ComponentList.Of(profile, Secrets(profile), Host, Clock);

    /// <summary>The platform's services as systemd units; null when its profile names no services.</summary>
    public SystemdPlatform? PlatformOf(Profile profile) => SystemdPlatform.From(profile, Host, Clock);

    /// <summary>
    /// The handlers of all undos that runs for the platform may register, besides those of the repository.
    /// </summary>
    public IReadOnlyList<IUndoHandler> UndoHandlers(Profile profile) =>
        [.. PlatformOf(profile)?.UndoHandlers ?? [], .. Components(profile).SelectMany(component => component.UndoHandlers)];

    /// <summary>The repository's settings, or null and a warning: what does not need it goes on without.</summary>
    public async Task<RepositorySettings?> RepositoryIfAnyAsync(CancellationToken cancellation)
    {
        try
        {
            return await Source.ReadAsync(cancellation);
        }
        catch (ProblemException unset)
        {
            Warn(unset.Problem);
            return null;
        }
    }

    /// <summary>The directory of the repository; null when it is on a server, or nothing says where it is.</summary>
    public string? RepositoryDirectory
    {
        get
        {
            try
            {
                return Source.Path is var path && RepositorySettings.IsRemote(path) ? null : path;
            }
            catch (ProblemException)
            {
                return null; // opening the repository reports it
            }
        }
    }

    /// <summary>
    /// The warning that the repository is in a directory that the profile captures; null when it is not.
    /// </summary>
    public Problem? RepositoryCaptured => ProfileIfAny is { } profile && RepositoryDirectory is { } directory
        ? Components(profile).OfType<FilesComponent>().FirstOrDefault()?.WarnOfRepository(directory)
        : null;

    /// <summary>Runs a plan that neither makes nor restores a recovery point, and reports its failure.</summary>
    /// <param name="compose">Makes the plan, for the state after interrupted runs have been recovered.</param>
    /// <param name="cancellation">Stops the run in good order.</param>
    /// <param name="teller">Receives all events; null for a new reporter.</param>
    /// <exception cref="ProblemException">The run cannot begin.</exception>
    public async Task<RunOutcome> RunAsync(Func<CancellationToken, Task<Plan>> compose, CancellationToken cancellation, RunReporter? teller = null)
    {
        var repository = Profile.Root.Has("repository") ? await RepositoryIfAnyAsync(cancellation) : null;
        var outcome = await new PlannedRun(RunEnvironment(teller ?? new RunReporter(Output, Clock)), Profile.Platform, repository, UndoHandlers(Profile)).RunAsync(compose, cancellation);
        TellFailure(outcome);
        return outcome;
    }

    /// <summary>Reports why a run has failed; nothing when it succeeded.</summary>
    public void TellFailure(RunOutcome outcome)
    {
        if (outcome.Problem is { } problem) Output.Report(ProblemEvent.Error(problem));
    }

    /// <summary>Reads the secrets that the profile refers to.</summary>
    public ISecretReader ProfileSecrets => Secrets(Profile);

    /// <summary>The directory of journals and locks.</summary>
    public StateDirectory State => StateDirectory.Default(_surroundings.Environment, Environment.IsPrivilegedProcess);

    /// <summary>The environment of the engine's runs: state, undo handlers, profile, clock and observer.</summary>
    public RunEnvironment RunEnvironment(IRunObserver observer) => new()
    {
        State = State,
        Host = Environment.MachineName,
        User = Environment.UserName,
        Version = ProgramVersion.Text,
        Observer = observer,
        UndoHandlers = ProfileIfAny is { } profile && PlatformOf(profile) is { } platform ? platform.UndoHandlers : [],
        Profile = ProfileIfAny,
        Clock = Clock,
    };

    /// <summary>
    /// The location and credentials of the repository, from options, HOLDFAST_ variables, the profile and restic's
    /// variables.
    /// </summary>
    public RepositorySource Source => SourceOf(
        Setting(GlobalOptions.Repository, "HOLDFAST_REPOSITORY"), Setting(GlobalOptions.PasswordFile, "HOLDFAST_PASSWORD_FILE"),
        ProfileIfAny, _surroundings.Environment);

    /// <summary>Another repository than the one of this call, that a command names.</summary>
    public RepositorySource SourceOf(string place, string passwordFile) => SourceOf(place, passwordFile, null, _surroundings.Environment);

    /// <summary>A copy of the profile. Variables that name the repository or its password are not for it.</summary>
    public RepositorySource SourceOf(CopySettings copy) => SourceOf(
        null, null, copy.Profile, name => name.StartsWith("RESTIC_", StringComparison.Ordinal) ? null : _surroundings.Environment(name));

    private RepositorySource SourceOf(string? place, string? passwordFile, Profile? profile, Func<string, string?> environment) => new(
        place, passwordFile, profile, environment, variables => new RepositorySettingsReader(Host, Secrets(ProfileIfAny), variables) { Limits = GlobalOptions.LimitsOf(_parsed, Clock) })
    {
        Unread = ProfilePath is null && IsHidden(UsualProfile) ? ProfileReader.Denied(UsualProfile).Problem : null,
        Cache = _parsed.GetValue(GlobalOptions.NoCache) ? null : new CacheOptions(Path.Combine(State.Path, "cache")),
    };

    /// <summary>The repository, opened once and closed with the session.</summary>
    public async Task<Repository> OpenAsync(CancellationToken cancellation)
    {
        if (_repository is not null) return _repository;
        var settings = await Source.ReadAsync(cancellation);
        return Keep(await Repository.OpenAsync(settings.Backend, settings.Password, settings.Options, cancellation));
    }

    /// <summary>Closes a repository with the session.</summary>
    public Repository Keep(Repository repository) => _repository = repository;

    public async ValueTask DisposeAsync()
    {
        if (_repository is not null) await _repository.DisposeAsync();
    }

    public void Warn(Problem problem) => Output.Report(ProblemEvent.Warning(problem));

    private SecretReader Secrets(Profile? profile) => new(Host, _surroundings.Environment, profile?.Folder ?? Environment.CurrentDirectory, Warn);

    private string? Setting(Option<string?> option, string variable) =>
        _parsed.GetValue(option) ?? (_surroundings.Environment(variable) is { Length: > 0 } value ? value : null);
}
