using Holdfast.Components.Files.Paths;
using Holdfast.Engine.Components;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Quantities;
using Holdfast.Restic.Restoring;

namespace Holdfast.Components.Files;

/// <summary>
/// The forecast in the plan of a restore: whether there is enough space for the files, and who will own them.
/// </summary>
internal sealed class FilesForecast(RestoreForecast forecast, RestoreSession session)
{
    private const int MostOwners = 20;

    /// <summary>
    /// Makes the forecast once for a session: the plan that is displayed and the run after it need the same.
    /// </summary>
    public static async Task<FilesForecast> OfAsync(RestoreSession session, RestorePatterns patterns, CancellationToken cancellation)
    {
        var options = session.Options with
        {
            Include = patterns.Include,
            Exclude = patterns.Exclude,
            Within = patterns.Within,
        };
        return new FilesForecast(
            await session.RememberAsync($"files/forecast/{patterns.Within.Count}", () => session.Repository.ForecastAsync(session.Point, FilesComponent.Root, session.Target ?? "/", options, cancellation)), session);
    }

    /// <summary>Users and groups of the recovery point that do not exist on this machine.</summary>
    public IEnumerable<ForecastOwner> Missing => session.Files.NumericOwner ? [] : forecast.Owners.Where(owner => owner.Here is null);

    /// <summary>" (2 files)" when patterns select files; "" when all are restored, or the number is unknown.</summary>
    public string Chosen => session.Include.Count + session.Exclude.Count > 0 && forecast.Files is { } files ? $" ({Quantity.Of(files, "file")})" : "";

    /// <exception cref="ProblemException">A file system has less free space than will be written to it.</exception>
    public void CheckRoom()
    {
        if (session.Recovery.IgnoreSpace) return;
        foreach (var needed in forecast.Spaces)
            if (FileSystemSpace.Of(needed.Path) is { } space && space.Free < needed.Bytes)
                throw Catalogue.TargetFull.Throwable(
                    $"The restore writes {ByteSize.Describe(needed.Bytes)} of files to the file system of {needed.Path}, which has {ByteSize.Describe(space.Free)} left. Nothing was changed.",
                    "Make room there, choose another --target, restore less with --include; or say --ignore-space, where the file system compresses.");
    }

    /// <summary>
    /// A sentence on owners that differ, with a space before it; "" when there are none, or when owners cannot be set.
    /// </summary>
    public string Owners()
    {
        if (forecast.Owners.Count == 0 || !Environment.IsPrivilegedProcess) return "";
        var named = string.Join(", ", forecast.Owners.Take(MostOwners).Select(Describe));
        var more = forecast.Owners.Count > MostOwners ? $", and {forecast.Owners.Count - MostOwners} more" : "";
        return $" Owners that differ on this machine: {named}{more}.";
    }

    private string Describe(ForecastOwner owner)
    {
        var what = $"{(owner.IsGroup ? "group" : "user")} {owner.Name}";
        if (owner.Here is not { } here) return $"{what} does not exist here, its files keep the number {owner.Number}";
        return session.Files.NumericOwner ? $"{what} is {here} here, its files keep the number {owner.Number}" : $"{what} is {here} here, not {owner.Number}";
    }
}
