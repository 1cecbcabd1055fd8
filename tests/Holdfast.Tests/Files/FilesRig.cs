using Holdfast.Components.Files;
using Holdfast.Engine.Components;
using Holdfast.Engine.Points;
using Holdfast.Engine.Profiles;
using Holdfast.Restic;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Snapshots;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Files;

/// <summary>A folder that is a platform's disk, a real repository beside it, and the component between the two.</summary>
internal sealed class FilesRig : IAsyncDisposable
{
    private readonly InitOptions _cheap = new() { KeyDerivation = new KeyDerivation(1024, 8, 1) };

    /// <summary>The platform's disk.</summary>
    public TempFolder Disk { get; } = new();

    public TempFolder Storage { get; } = new();
    public RecordedStep Step { get; private set; } = new();

    /// <summary>What the plan of the last restore said.</summary>
    public string Planned { get; private set; } = "";
    public Manifest Manifest { get; } = new() { Platform = "test", RunId = "test", Mode = BackupMode.Online, HoldfastVersion = "0", Host = "test" };

    /// <summary>Whether restores write what the profile does not select.</summary>
    public bool WritesUnselected { get; set; }

    /// <summary>Whether a person has asked for what the profile does not select (--unselected).</summary>
    public bool IsUnselected { get; set; }

    /// <summary>Whether points count as made by this machine.</summary>
    public bool IsOurs { get; set; }

    /// <summary>Whether restores have no profile but the point's.</summary>
    public bool HasOwnProfile { get; set; }
    public Repository Repository { get; private set; } = null!;
    public ComponentRecord Record => Assert.Single(Manifest.Components);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<FilesRig> MakeAsync()
    {
        var rig = new FilesRig();
        rig.Repository = await Repository.InitAsync(new LocalBackend(rig.Storage["repository"]), "secret", rig._cheap, cancellation: Token);
        return rig;
    }

    /// <summary>The component of a profile whose 'files' is the given YAML, in which DISK stands for the platform's disk.</summary>
    public FilesComponent Component(string files)
    {
        var indented = string.Join('\n', files.Split('\n').Select(line => "    " + line));
        var text = $"platform: test\ncomponents:\n  files:\n{indented}\n".Replace("DISK", Disk.Path, StringComparison.Ordinal);
        return FilesComponent.From(ProfileReader.Parse(text, "test.yaml"), TimeProvider.System)!;
    }

    /// <summary>Takes a recovery point of files alone.</summary>
    public async Task<Snapshot> CaptureAsync(FilesComponent component, Snapshot? parent = null, Action? beforeMark = null)
    {
        (Step, _) = (new RecordedStep(), Manifest.Components.Remove(Manifest.Components.FirstOrDefault()!));
        await using var session = new CaptureSession { Manifest = Manifest, Repository = Repository, Parent = parent };
        await using var writer = await Repository.BeginSnapshotAsync(parent, Token);
        var plan = await component.PlanCaptureAsync(session, Token);
        session.Writer = writer;
        foreach (var step in plan.Before) await step.Act(Step, Token);
        beforeMark?.Invoke();
        foreach (var step in plan.Mark) await step.Act(Step, Token);
        return await writer.CommitAsync(new SnapshotHeader { Paths = ["/"], Hostname = "test" }, Token);
    }

    /// <summary>Brings files back: to their places, or below a target.</summary>
    public async Task RestoreAsync(FilesComponent component, Snapshot point, string? target = null, bool overwrite = false, params string[] include)
    {
        Step = new RecordedStep();
        var session = new RestoreSession
        {
            Repository = Repository,
            Point = point,
            Manifest = Manifest,
            Target = target,
            Overwrite = overwrite,
            WritesUnselected = WritesUnselected,
            IsOurs = IsOurs,
            HasOwnProfile = HasOwnProfile,
            Files = FileRules.Usual with { Unselected = IsUnselected },
            AsideSuffix = ".before-test",
            Include = include.Length > 0 ? include : [Disk.Path], // the folders above belong to the machine that runs the test
        };
        var plan = await component.PlanRestoreAsync(session, Token);
        Planned = string.Join('\n', plan.Select(step => step.Does));
        foreach (var step in plan) await step.Act(Step, Token);
    }

    /// <summary>The files of a point that came from the platform's disk, relative to it, in order.</summary>
    public async Task<IReadOnlyList<string>> ListAsync(Snapshot point)
    {
        var below = $"/files{Disk.Path}/";
        var paths = new List<string>();
        await foreach (var (path, node) in Repository.WalkAsync(point, cancellation: Token))
            if (node.Type != NodeType.Directory && path.StartsWith(below, StringComparison.Ordinal)) paths.Add(path[below.Length..]);
        return paths;
    }

    public async ValueTask DisposeAsync()
    {
        await Repository.DisposeAsync();
        Disk.Dispose();
        Storage.Dispose();
    }
}
