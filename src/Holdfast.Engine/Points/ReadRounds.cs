using System.Text.Json;
using Holdfast.Engine.Hosts;
using Holdfast.Restic;

namespace Holdfast.Engine.Points;

/// <summary>Keeps the rounds in the state directory: "read-back/REPOSITORY.json".</summary>
public sealed class ReadRounds(StateDirectory state)
{
    private const string Folder = "read-back";

    /// <summary>
    /// The round of a repository; null when none was begun or its file is not valid, in which case a new round begins.
    /// </summary>
    public ReadRound? Find(Id repository)
    {
        var file = new FileInfo(Path.Combine(state.Path, Folder, NameOf(repository)));
        try
        {
            if (!file.Exists || file.Length > 4096) return null;
            var round = JsonSerializer.Deserialize(File.ReadAllBytes(file.FullName), ReadRoundJson.Default.ReadRound);
            return Id.TryParse(round?.After, out _) ? round : null;
        }
        catch (Exception useless) when (useless is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    /// <exception cref="Problems.ProblemException">The file cannot be written.</exception>
    public void Save(Id repository, ReadRound round) => state.Write(Folder, NameOf(repository), JsonSerializer.SerializeToUtf8Bytes(round, ReadRoundJson.Default.ReadRound));

    private static string NameOf(Id repository) => $"{repository}.json";
}
